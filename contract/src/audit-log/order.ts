import { type AuditHead, headHash } from './head.ts';

/**
 * Heads that come in no order, as from the objects of a bucket, in the order in which they were told. Copies of a head count
 * once. What a restore has lost, the heads back from the lost one that it names, stands before the head that declares it.
 */
export function inOrder(found: readonly AuditHead[]): AuditHead[] {
  const byHash = new Map(found.map((head) => [headHash(head), head]));
  const lost = new Map<AuditHead, AuditHead>();
  for (const declaring of byHash.values()) {
    const { restore } = declaring;
    let head = restore === undefined ? undefined : byHash.get(restore.lostHash);
    while (restore !== undefined && head !== undefined && head.number > restore.after) {
      lost.set(head, declaring);
      head = head.previous === null ? undefined : byHash.get(head.previous);
    }
  }
  const byNumber = (a: AuditHead, b: AuditHead): number => a.number - b.number;
  const kept = [...byHash.values()].filter((head) => !lost.has(head)).sort(byNumber);
  return kept.flatMap((head) => [...[...lost].flatMap(([each, by]) => (by === head ? [each] : [])).sort(byNumber), head]);
}
