import type { Shell } from '../shell.ts';
import { type Given, numberFlag } from './leaf.ts';

interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: string | null;
}

const MOST_A_PAGE = 200;

/** Rows up to --limit, or all of them with --all, page after page. `next` is null when there are no more. */
export async function readPages<Item>(
  { flags }: Given,
  read: (page: { limit: number; cursor?: string }) => Promise<Page<Item>>,
): Promise<{ items: Item[]; next: string | null }> {
  const wanted = flags['all'] === true ? Number.POSITIVE_INFINITY : (numberFlag(flags, 'limit') ?? 50);
  const items: Item[] = [];
  let next: string | null = null;
  do {
    const limit = Math.min(MOST_A_PAGE, wanted - items.length);
    const page: Page<Item> = await read({ limit, ...(next !== null && { cursor: next }) });
    items.push(...page.items);
    next = page.items.length === 0 ? null : page.next;
  } while (next !== null && items.length < wanted);
  return { items, next };
}

/** Says on stderr that there is more than was shown. */
export function sayMore(shell: Shell, { items, next }: Page<unknown>): void {
  if (next !== null && !shell.forPrograms) shell.say(shell.aside.dim(`The first ${items.length}; more with --limit or --all.`));
}
