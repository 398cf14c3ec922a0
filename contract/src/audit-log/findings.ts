/** What is wrong with a log. */
export type AuditFindingKind =
  | 'edited'
  | 'deleted'
  | 'inserted'
  | 'reordered'
  | 'truncated'
  | 'swapped_key'
  | 'broken_chain'
  | 'lost_heads'
  | 'unreadable';

export interface AuditFinding {
  readonly kind: AuditFindingKind;
  readonly message: string;
  /** The head that shows it. */
  readonly head?: number;
  /** The events that it is about: at most the first hundred. */
  readonly ids?: readonly string[];
}

/** `12, 14 to 16 and 3 more` */
function idsInWords(ids: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const id of ids) {
    const last = ranges.at(-1);
    if (last !== undefined && id === last[1] + 1) last[1] = id;
    else ranges.push([id, id]);
  }
  const shown = ranges.slice(0, 5).map(([first, last]) => (first === last ? `${first}` : `${first} to ${last}`));
  const more = ranges.slice(5).reduce((sum, [first, last]) => sum + last - first + 1, 0);
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

const someIds = (ids: readonly number[]): string[] => ids.slice(0, 100).map(String);

export const counted = (count: number): string => (count === 1 ? '1 event' : `${count.toLocaleString('en')} events`);
export const named = (ids: readonly number[]): string => `Event${ids.length === 1 ? '' : 's'} ${idsInWords(ids)}`;

export const findingOf = (
  kind: AuditFindingKind,
  message: string,
  { ids, head }: { ids?: readonly number[]; head?: number | undefined } = {},
): AuditFinding => ({
  kind,
  message,
  ...(head !== undefined && { head }),
  ...(ids !== undefined && { ids: someIds(ids) }),
});
