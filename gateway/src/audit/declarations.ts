import { type AuditHead, headHash, isSignedBy } from '@guichet/contract/audit-log';
import { type Queryable, statement } from '../db/index.ts';
import type { HeldKey } from './audit-keys.ts';

/**
 * The heads that declare a published one lost: by its hash, or as one before the last that was lost. Their numbers are given
 * again after it: what was made since then it does not declare.
 */
const RESTORES_AFTER = statement(
  'audit-restores-after',
  `select number::text, head from audit_heads where head->'restore'->>'lostHash' = $1
   or ((head->'restore'->>'after')::bigint < $2::bigint and (head->'restore'->>'lost')::bigint > $2::bigint and head->>'at' > $3)
   order by audit_heads.number desc`,
);

/**
 * The head by which a restore has lost this one; undefined when none has. A row that anybody can have written is none: it is
 * signed with a key of the log, and lies where its number says.
 */
export async function declarationOf(
  db: Queryable,
  { lost, keys }: { lost: AuditHead; keys: () => Promise<readonly HeldKey[]> },
): Promise<AuditHead | undefined> {
  const found = await db.query<{ number: string; head: AuditHead }>(RESTORES_AFTER, [headHash(lost), lost.number, lost.at]);
  if (found.length === 0) return undefined;
  const held = await keys();
  const isOurs = (head: AuditHead): boolean => held.some(({ kid, public: key }) => kid === head.key && isSignedBy(head, key));
  return found.find(({ number, head }) => number === String(head.number) && isOurs(head))?.head;
}
