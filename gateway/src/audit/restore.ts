import type { Actor } from '@guichet/contract';
import { type Database, statement } from '../db/index.ts';
import { appendAudit } from './store.ts';

const ACCEPT = statement(
  'audit-restore-accept',
  `insert into audit_settings (name, value) values ('restore_accepted', $1)
   on conflict (name) do update set value = excluded.value`,
);

/** An operator says that the database was restored to an earlier time: the sealer goes on, and signs what is lost. */
export async function acceptRestore(db: Database, { reason, by }: { reason: string; by: Actor }): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.query(ACCEPT, [reason]);
    await appendAudit(tx, { type: 'audit.restore_accepted', actor: by, outcome: 'ok', data: { reason } });
  });
}
