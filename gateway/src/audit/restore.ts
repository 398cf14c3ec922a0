import { type Actor, GuichetError } from '@guichet/contract';
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
const HASH = /^[0-9a-f]{64}$/;

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
  if (!HASH.test(lostHash))
    throw new GuichetError('usage.invalid', 'Say which head is lost, by its hash: 64 hex digits.', {
      remedy: "Pass --lost HASH; the gateway's log, and guichet audit verify, name it.",
    });
  await db.transaction(async (tx) => {
    const [last] = await tx.query<{ head: AuditHead }>(LAST_HEAD);
    const acceptance = { lostHash, after: last?.head.number ?? 0, reason };
    await tx.query(ACCEPT, [JSON.stringify({ ...acceptance, seal: sealOf(vault, acceptance) })]);
    const data = { reason, lostHash, after: acceptance.after, ...(await within(tx)) };
    await appendAudit(tx, { type: 'audit.restore_accepted', actor: by, outcome: 'ok', data });
  });
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
