import type { AuditFinding } from './findings.ts';
import { type AuditHead, headHash } from './head.ts';

/** What heads that were published say of those that a log has now. Both are chains that hold, oldest first. */
export function compareWithPublished(served: readonly AuditHead[], published: readonly AuditHead[]): AuditFinding[] {
  const byNumber = new Map(served.map((head) => [head.number, head]));
  const first = served[0]?.number ?? 1;
  for (const head of published) {
    if (head.number < first) continue;
    const here = byNumber.get(head.number);
    if (here === undefined) {
      const last = published.at(-1) ?? head;
      return [
        {
          kind: 'truncated',
          head: head.number,
          message: `The end of the log is gone: the heads ${head.number} (${head.at}) to ${last.number} (${last.at}) were published, and are not there any more; the log had ${last.size} events.`,
        },
      ];
    }
    if (headHash(here) !== headHash(head))
      return [
        {
          kind: here.key === head.key ? 'edited' : 'swapped_key',
          head: head.number,
          message:
            here.key === head.key
              ? `Head ${head.number} (${here.at}) is not the one that was published: the log was sealed anew from there on.`
              : `Head ${head.number} (${here.at}) is signed with the key ${here.key}; the published one with ${head.key}: the log was signed anew with another key.`,
        },
      ];
  }
  return [];
}
