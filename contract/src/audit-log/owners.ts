import { type AuditHead, countOf } from './head.ts';

/** The index of each event of a head in the log, by its id. */
export function placesOf(head: AuditHead): Map<number, number> {
  const places = new Map<number, number>();
  let place = head.size - countOf(head);
  for (const [first, last] of head.ids) for (let id = first; id <= last; id++) places.set(id, place++);
  return places;
}

/** The ids of its events. */
export const idsOfHead = ({ ids }: AuditHead): number[] =>
  ids.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, index) => first + index));

/** Which head an event belongs to. */
export class Owners {
  readonly #firsts: number[] = [];
  readonly #lasts: number[] = [];
  readonly #heads: number[] = [];

  constructor(heads: readonly AuditHead[]) {
    const ranges = heads.flatMap(({ ids }, index) => ids.map(([first, last]) => [first, last, index] as const));
    ranges.sort(([a], [b]) => a - b);
    for (const [first, last, index] of ranges) {
      this.#firsts.push(first);
      this.#lasts.push(last);
      this.#heads.push(index);
    }
  }

  get largest(): number {
    return this.#lasts.at(-1) ?? 0;
  }

  /** Index of the head; undefined when the event is in none. */
  of(id: number): number | undefined {
    let low = 0;
    let high = this.#firsts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#firsts[middle] ?? 0) <= id) low = middle + 1;
      else high = middle;
    }
    const place = low - 1;
    return place >= 0 && id <= (this.#lasts[place] ?? -1) ? this.#heads[place] : undefined;
  }
}
