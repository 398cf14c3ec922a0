/** A command of `guichet` that runs an action, as notes and findings name it. */
export interface ActionCommand {
  /** The command itself, without what is said behind it. */
  readonly text: string;
  /** `postgres.leases.revoke` */
  readonly action: string;
  readonly environment: string | undefined;
  /** By the names of the input; a flag without a value is true. */
  readonly flags: Readonly<Record<string, readonly (string | true)[]>>;
}

/** What a shell would do something with ends a command: it may come from data that the words of a provider quote. */
const WORD = /'(?:[^']|'\\'')*'|"[^"$`\\]*"|[^\s'"()`$;|&<>\\]+/y;

/** Reads `guichet postgres cancel-query --instance pg1 --pid 7 --env production (why)`; undefined when it is no such command. */
export function readCommand(text: string): ActionCommand | undefined {
  const begin = text.search(/\bguichet [a-z]/);
  if (begin === -1) return undefined;
  const words: string[] = [];
  let at = begin;
  let end = begin;
  for (;;) {
    WORD.lastIndex = at;
    const [word] = WORD.exec(text) ?? [];
    if (word === undefined) break;
    words.push(unquoted(word));
    end = WORD.lastIndex;
    at = end + 1;
    if (text[end] !== ' ') break;
  }
  const first = words.findIndex((word) => word.startsWith('--'));
  const name = words.slice(1, first === -1 ? undefined : first);
  if (name.length < 2 || first === -1) return undefined;
  const flags: Record<string, (string | true)[]> = {};
  for (let place = first; place < words.length; place++) {
    const flag = camel((words[place] ?? '').replace(/^--/, ''));
    const next = words[place + 1];
    const value = next === undefined || next.startsWith('--') ? true : next;
    if (value !== true) place++;
    flags[flag] = [...(flags[flag] ?? []), value];
  }
  const { env, ...rest } = flags;
  const environment = typeof env?.[0] === 'string' ? env[0] : undefined;
  return { text: text.slice(begin, end), action: name.join('.'), environment, flags: rest };
}

const unquoted = (word: string): string => {
  if (word.startsWith("'")) return word.slice(1, -1).replaceAll("'\\''", "'");
  return word.startsWith('"') ? word.slice(1, -1) : word;
};

const camel = (flag: string): string => flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** The flags as the input of the action, by what its schema says that each of them is. */
export function inputOf({ flags }: ActionCommand, schema: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const fields = isRecord(schema['properties']) ? schema['properties'] : {};
  return Object.fromEntries(
    Object.entries(flags).map(([name, values]) => {
      const field = fields[name];
      const type = isRecord(field) ? field['type'] : undefined;
      const last = values.at(-1);
      if (type === 'array') return [name, values];
      return [name, (type === 'integer' || type === 'number') && last !== true ? Number(last) : last];
    }),
  );
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
