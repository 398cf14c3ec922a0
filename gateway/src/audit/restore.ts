import type { Actor } from '@guichet/contract';
import { type AuditHead, type DeclaredRestore, headHash } from '@guichet/contract/audit-log';
import { type Database, type Queryable, statement, type Transaction } from '../db/index.ts';
import type { KeyVault } from './audit-keys.ts';
import { LAST_HEAD } from './seal-statements.ts';
import { appendAudit } from './store.ts';

const ACCEPT = statement(
  'audit-restore-accept',
  `insert into audit_settings (name, value) values ('restore_accepted', $1)
   on conflict (name) do update set value = excluded.value`,
);
const ACCEPTED = statement('audit-restore-accepted', `select value from audit_settings where name = 'restore_accepted'`);

/** What an operator has accepted: that these heads are lost, after this one. */
interface Acceptance {
  readonly lostHash: string;
  readonly after: number;
  readonly reason: string;
}

type Vault = Pick<KeyVault<unknown>, 'mac'>;

/** Made with the keys of the gateway: nobody who holds the database alone can accept anything. */
const sealOf = (vault: Vault, { lostHash, after, reason }: Acceptance): string =>
  vault.mac('audit-restore', JSON.stringify([lostHash, after, reason]));

/** An operator says that the database was restored to an earlier time, and that it was this head that was lost by it. */
export async function acceptRestore(
  db: Database,
  {
    vault,
    lostHash,
    reason,
    by,
    within,
  }: {
    vault: Vault;
    lostHash: string;
    reason: string;
    by: Actor;
    /** Done in the same transaction; what it gives is recorded beside the rest. */
    within: (tx: Transaction) => Promise<Readonly<Record<string, unknown>>>;
  },
): Promise<void> {
  await db.transaction(async (tx) => {
    const [last] = await tx.query<{ head: AuditHead }>(LAST_HEAD);
    const acceptance = { lostHash, after: last?.head.number ?? 0, reason };
    await tx.query(ACCEPT, [JSON.stringify({ ...acceptance, seal: sealOf(vault, acceptance) })]);
    const data = { reason, lostHash, after: acceptance.after, ...(await within(tx)) };
    await appendAudit(tx, { type: 'audit.restore_accepted', actor: by, outcome: 'ok', data });
  });
}

const SEEN = statement('audit-lost-seen', `select value from audit_settings where name = 'lost_head'`);
const SEE = statement(
  'audit-lost-see',
  `insert into audit_settings (name, value) values ('lost_head', $1) on conflict (name) do update set value = excluded.value`,
);
const sealOfSeen = (vault: Vault, { lostHash, after }: { lostHash: string; after: number }): string =>
  vault.mac('audit-lost-head', JSON.stringify([lostHash, after]));

/** Notes that a gateway has made a head that is gone: where it was not published, nobody else knows of it. */
export async function noteLost(
  db: Queryable,
  { vault, lost, after }: { vault: Vault; lost: AuditHead; after: number },
): Promise<void> {
  await db.query(SEE, [sealOfSeen(vault, { lostHash: headHash(lost), after })]);
}

/** Whether a gateway has noted it, and nothing was sealed since. */
export async function isSeenLost(db: Queryable, { vault, lostHash }: { vault: Vault; lostHash: string }): Promise<boolean> {
  const [row] = await db.query<{ value: string }>(SEEN);
  const [last] = await db.query<{ head: AuditHead }>(LAST_HEAD);
  return row !== undefined && row.value === sealOfSeen(vault, { lostHash, after: last?.head.number ?? 0 });
}

/** What the next head declares, when an operator has accepted just that. */
export async function acceptedRestore(
  db: Queryable,
  { vault, lost, after }: { vault: Vault; lost: AuditHead; after: number },
): Promise<DeclaredRestore | undefined> {
  const [row] = await db.query<{ value: string }>(ACCEPTED);
  const found = row === undefined ? undefined : acceptanceOf(row.value);
  const lostHash = headHash(lost);
  if (found === undefined || found.seal !== sealOf(vault, { lostHash, after, reason: found.reason })) return undefined;
  return { after, lost: lost.number, lostHash, reason: found.reason };
}

function acceptanceOf(text: string): { reason: string; seal: string } | undefined {
  try {
    const { reason, seal } = JSON.parse(text);
    return typeof reason === 'string' && typeof seal === 'string' ? { reason, seal } : undefined;
  } catch {
    return undefined; // somebody put it there by hand
  }
}
