import { type AuditFinding, findingOf, named } from './findings.ts';
import type { AuditHead } from './head.ts';
import type { Hash } from './merkle.ts';
import { idsOfHead, placesOf } from './owners.ts';

/** An event as it was read. */
export interface Line {
  readonly id: number;
  readonly at: string;
  readonly hash: Hash;
}

interface Sealed {
  readonly head: AuditHead;
  /** The hash of a leaf as the log keeps it. */
  readonly leafAt: ((index: number) => Hash | undefined) | undefined;
}

/** The events of a head that are not among these. */
export function goneFrom(lines: readonly Line[], head: AuditHead): number[] {
  const found = new Set(lines.map(({ id }) => id));
  return idsOfHead(head).filter((id) => !found.has(id));
}

export const deletedFrom = (head: AuditHead, ids: readonly number[]): AuditFinding =>
  findingOf('deleted', `${named(ids)} ${ids.length === 1 ? 'is' : 'are'} gone: sealed by head ${head.number} (${head.at}).`, {
    ids,
    head: head.number,
  });

export const isInOrder = (lines: readonly Line[]): boolean =>
  lines.every(({ id }, index) => index === 0 || id > (lines[index - 1]?.id ?? 0));

/** What is wrong with events that are all there, in order, and do not come to their head. */
export function editedIn(lines: readonly Line[], { head, leafAt }: Sealed): AuditFinding {
  const start = head.size - lines.length;
  const edited = leafAt === undefined ? [] : lines.filter(({ hash }, index) => leafAt(start + index)?.equals(hash) === false);
  const ids = (edited.length > 0 ? edited : lines).map(({ id }) => id);
  const [first] = edited.length > 0 ? edited : lines;
  const which =
    edited.length > 0 || lines.length === 1
      ? `${named(ids)} (${first?.at}) was edited`
      : `One or more of the events ${ids[0]} to ${ids.at(-1)} (from ${first?.at}) were edited`;
  return findingOf('edited', `${which} after head ${head.number} (${head.at}).`, { ids, head: head.number });
}

/** What is wrong with events of a head that are not just those of it, each once and in order; not which of them are gone. */
export function misplacedIn(lines: readonly Line[], { head, leafAt }: Sealed): AuditFinding[] {
  const found = new Set(lines.map(({ id }) => id));
  const under = `head ${head.number} (${head.at})`;
  const findings: AuditFinding[] = [];
  if (found.size < lines.length) {
    const ids = lines.filter(({ id }, index) => lines.findIndex((line) => line.id === id) < index).map(({ id }) => id);
    const message = `${named(ids)} ${ids.length === 1 ? 'is' : 'are'} there more than once, under ${under}.`;
    findings.push(findingOf('inserted', message, { ids, head: head.number }));
  }
  const late = lines.filter(({ id }, index) => index > 0 && id < (lines[index - 1]?.id ?? 0)).map(({ id }) => id);
  if (late.length > 0) {
    const message = `${named(late)} ${late.length === 1 ? 'is' : 'are'} out of order, under ${under}.`;
    findings.push(findingOf('reordered', message, { ids: late, head: head.number }));
  }
  // What is still there of it may have been changed too; that is known where the log keeps the hash of each event.
  if (leafAt === undefined) return findings;
  const places = placesOf(head);
  const fits = ({ id, hash }: Line): boolean => leafAt(places.get(id) ?? -1)?.equals(hash) !== false;
  const intact = new Set(lines.filter(fits).map(({ id }) => id));
  const ids = [...found].filter((id) => !intact.has(id));
  if (ids.length > 0) {
    const message = `${named(ids)} ${ids.length === 1 ? 'was' : 'were'} edited after ${under}.`;
    findings.push(findingOf('edited', message, { ids, head: head.number }));
  }
  return findings;
}
