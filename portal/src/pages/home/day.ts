const DAY_MS = 86_400_000;

/** When today began, where the reader is: milliseconds of the epoch. */
export function midnight(now: Date = new Date()): number {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
}

/** A week before a time, as the gateway takes it; the same all day, so that the answer can be shared. */
export const weekBefore = (time: number): string => new Date(time - 7 * DAY_MS).toISOString();

/** Those that changed at or after a time, the latest first. */
export function since<Item extends { readonly updatedAt: string }>(items: readonly Item[], time: number): Item[] {
  return items
    .filter(({ updatedAt }) => Date.parse(updatedAt) >= time)
    .sort((a, b) => Date.parse(b.updatedAt) - Date.parse(a.updatedAt));
}
