import { GuichetError } from '@guichet/contract';

/** Fewer characters would fit many. */
const LEAST = 4;

/**
 * The whole id that somebody typed the beginning of: lists cut ids where the terminal is narrow. `list` names the command
 * that shows them; `all` is only asked when the id is not whole.
 */
export async function fullId(
  typed: string,
  { what, list, all }: { what: string; list: string; all: () => Promise<readonly { readonly id: string }[]> },
): Promise<string> {
  const id = typed.toLowerCase().replace(/[-…]*$/, '');
  if (!/^[0-9a-f-]{1,36}$/.test(id) || id.length < LEAST)
    throw new GuichetError('usage.invalid', `'${typed}' is not the id of a ${what}.`, { remedy: `${list} shows the ids.` });
  if (id.length === 36) return id;
  const fitting = (await all()).filter((item) => item.id.startsWith(id));
  const [only] = fitting;
  if (only !== undefined && fitting.length === 1) return only.id;
  throw new GuichetError(
    'usage.invalid',
    fitting.length === 0
      ? `The id of no ${what} of yours begins with '${typed}'.`
      : `The ids of ${fitting.length} ${what}s begin with '${typed}'.`,
    { remedy: fitting.length === 0 ? `${list} shows the ids.` : `Write more of it; ${list} shows the ids.` },
  );
}
