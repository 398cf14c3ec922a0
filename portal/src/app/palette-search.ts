import { canonicalRequestId } from '@guichet/contract';
import { byLengthAsc, Fzf } from 'fzf';

/** Of kinds that fit alike, the first of these comes first. */
export const ENTRY_KINDS = ['page', 'action', 'request', 'service', 'team', 'person', 'environment', 'command'] as const;
export type EntryKind = (typeof ENTRY_KINDS)[number];

/** Something that the palette leads to, or does. */
export interface Entry {
  readonly kind: EntryKind;
  /** Unique with its kind; what is remembered of an entry that was used. */
  readonly id: string;
  readonly label: string;
  /** Beside the label; searched too. */
  readonly about?: string;
  /** A path of the console; an entry without one does something. */
  readonly path?: string;
  readonly run?: () => void;
  readonly keys?: string;
}

export interface Group {
  readonly kind: EntryKind | 'recent';
  readonly entries: readonly Entry[];
}

/** A sign at the beginning that narrows the search to one kind. */
const PREFIXES: Readonly<Record<string, EntryKind>> = { '>': 'action', '#': 'request', '@': 'person' };
const MOST_OF_A_KIND = 7;
const MOST_WITH_PREFIX = 60;

export const keyOf = ({ kind, id }: Entry): string => `${kind}:${id}`;

/**
 * Finds entries as one types. Made once for a set of entries: making it costs more than a search over it, which takes a few
 * milliseconds for ten thousand.
 */
export class PaletteSearch {
  readonly #entries: readonly Entry[];
  readonly #finders = new Map<EntryKind, Fzf<readonly Entry[]>>();

  constructor(entries: readonly Entry[]) {
    this.#entries = entries;
  }

  /** What to show for what was typed: best first, by kinds; the kind of the best entry first. */
  find(typed: string, recent: readonly string[] = []): readonly Group[] {
    const prefix = PREFIXES[typed[0] ?? ''];
    const words = (prefix === undefined ? typed : typed.slice(1)).trim();
    if (words === '') return this.#first(prefix, recent);
    const kinds = prefix === undefined ? ENTRY_KINDS : [prefix];
    const limit = prefix === undefined ? MOST_OF_A_KIND : MOST_WITH_PREFIX;
    const named = requestNamed(words);
    return kinds
      .map((kind) => {
        const found = this.#finderOf(kind)
          .find(words)
          // Of two that fit alike, the one that was used lately.
          .map(({ item, score }) => ({ item, score: score + (recent.includes(keyOf(item)) ? 12 : 0) }))
          .sort((a, b) => b.score - a.score)
          .slice(0, limit);
        const entries = found.map(({ item }) => item);
        const isNamed = kind === 'request' && named !== undefined;
        // A number is a request, whether it is among the latest or not.
        if (isNamed) entries.splice(0, entries.length, named, ...entries.filter(({ id }) => id !== named.id));
        return { kind, entries, best: isNamed ? Number.POSITIVE_INFINITY : (found[0]?.score ?? 0) };
      })
      .filter(({ entries }) => entries.length > 0)
      .sort((a, b) => b.best - a.best);
  }

  /** Before anything is typed: what was used lately, then where one can go and what one can do. */
  #first(prefix: EntryKind | undefined, recent: readonly string[]): readonly Group[] {
    const all = new Map(this.#entries.map((entry) => [keyOf(entry), entry]));
    const used = recent
      .map((key) => all.get(key))
      .filter((entry) => entry !== undefined)
      .filter(({ kind }) => prefix === undefined || kind === prefix);
    const rest = (kind: EntryKind, most: number): Group => ({
      kind,
      entries: this.#entries.filter((entry) => entry.kind === kind && !used.includes(entry)).slice(0, most),
    });
    const groups: Group[] = [
      { kind: 'recent', entries: used },
      ...(prefix === undefined ? [rest('page', 20), rest('command', 20)] : [rest(prefix, MOST_WITH_PREFIX)]),
    ];
    return groups.filter(({ entries }) => entries.length > 0);
  }

  #finderOf(kind: EntryKind): Fzf<readonly Entry[]> {
    const known = this.#finders.get(kind);
    if (known !== undefined) return known;
    const made = new Fzf<readonly Entry[]>(
      this.#entries.filter((entry) => entry.kind === kind),
      {
        selector: ({ label, about = '', id }) => `${label} ${about} ${id}`,
        casing: 'case-insensitive',
        limit: MOST_WITH_PREFIX * 2,
        fuzzy: 'v1', // ten times as fast as v2 over thousands, and as good for a few letters
        tiebreakers: [byLengthAsc],
      },
    );
    this.#finders.set(kind, made);
    return made;
  }
}

/** `12`, `req-12` and `REQ-12` name a request. */
function requestNamed(words: string): Entry | undefined {
  const id = canonicalRequestId(words);
  return id === undefined ? undefined : { kind: 'request', id, label: id, path: `/requests/${id}` };
}
