import { isOurs } from '../own-commands.ts';
import type { IndexEntry } from './cache.ts';

/** The action whose id is the longest beginning of the words: `kafka topics delete` is `kafka.topics.delete`. */
export function findAction(
  entries: readonly IndexEntry[],
  words: readonly string[],
): { entry: IndexEntry; used: number } | undefined {
  for (let used = words.length; used > 0; used--) {
    const id = words.slice(0, used).join('.');
    const entry = entries.find((candidate) => candidate.id === id);
    if (entry !== undefined) return { entry, used };
  }
  return undefined;
}

/** One word below a group: an action, a group of more, or both. */
export interface Child {
  readonly word: string;
  /** Present when the words up to here name an action. */
  readonly entry?: IndexEntry | undefined;
  /** How many actions lie below it. */
  readonly below: number;
}

/** What can follow the words, in alphabetical order. */
export function childrenOf(entries: readonly IndexEntry[], words: readonly string[]): Child[] {
  const prefix = words.map((word) => `${word}.`).join('');
  const children = new Map<string, { entry?: IndexEntry; below: number }>();
  for (const entry of entries) {
    if (!entry.id.startsWith(prefix)) continue;
    const [word = '', ...more] = entry.id.slice(prefix.length).split('.');
    const child = children.get(word) ?? { below: 0 };
    if (more.length === 0) child.entry = entry;
    else child.below += 1;
    children.set(word, child);
  }
  return [...children].map(([word, child]) => ({ word, ...child })).sort((a, b) => (a.word < b.word ? -1 : 1));
}

/** How an action is typed: `guichet kafka topics delete`; by its id where those words are a command of guichet's own. */
export function commandOf(id: string): string {
  return `guichet ${isOurs(id.split('.')) ? id : id.replaceAll('.', ' ')}`;
}
