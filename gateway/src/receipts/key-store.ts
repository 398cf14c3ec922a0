import { type Actor, type AuditEventType, GuichetError } from '@guichet/contract';
import { appendAudit } from '../audit/index.ts';
import { type Queryable, statement, type Transaction } from '../db/index.ts';

export interface KeyRow {
  readonly kid: string;
  readonly paserk: string;
  readonly state: 'trusted' | 'former' | 'offered' | 'revoked';
  readonly retiredAt: Date | null;
}

const LOCK = statement('provider-keys-lock', `select pg_advisory_xact_lock(hashtextextended('provider-keys:' || $1, 0))`);
const KEYS = statement(
  'provider-keys',
  `select kid, paserk, state, retired_at as "retiredAt" from provider_keys where provider = $1 order by seen_at, kid`,
);
const PUT = statement(
  'provider-key-put',
  `insert into provider_keys (provider, kid, paserk, state) values ($1, $2, $3, $4)
   on conflict (provider, paserk) do update set state = excluded.state, kid = excluded.kid, retired_at = null`,
);
const TRUSTED = statement(
  'provider-keys-trusted',
  `select provider, array_agg(kid order by seen_at, kid) as kids from provider_keys where state = 'trusted' group by provider`,
);
const RETIRE = statement(
  'provider-keys-retire',
  `update provider_keys set state = 'former', retired_at = clock_timestamp() where provider = $1 and state = 'trusted' and paserk <> $2`,
);
const REVOKE = statement(
  'provider-key-revoke',
  `update provider_keys set state = 'revoked', retired_at = clock_timestamp() where provider = $1 and kid = $2 and state <> 'offered' returning kid`,
);

/** Ids of the keys whose receipts are trusted now, by provider. */
export async function trustedKids(db: Queryable): Promise<ReadonlyMap<string, readonly string[]>> {
  const rows = await db.query<{ provider: string; kids: string[] }>(TRUSTED);
  return new Map(rows.map(({ provider, kids }) => [provider, kids]));
}

/** Until the transaction ends nobody else changes the keys of the provider. */
export const lockKeys = async (tx: Transaction, provider: string): Promise<void> => void (await tx.query(LOCK, [provider]));
export const keysOf = (db: Queryable, provider: string): Promise<KeyRow[]> => db.query(KEYS, [provider]);
export const revokeKey = async (tx: Transaction, provider: string, kid: string): Promise<boolean> =>
  (await tx.query(REVOKE, [provider, kid])).length > 0;

export interface KeyChange {
  readonly provider: string;
  readonly key: { readonly kid: string; readonly paserk: string };
  readonly type: Extract<AuditEventType, `provider_key.${string}`>;
  readonly by: Actor;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Trusts the key from now on, and keeps those before it for what is older; `beside`: those go on being trusted. */
export async function trustKey(tx: Transaction, change: KeyChange, { beside = false } = {}): Promise<void> {
  const { provider, key } = change;
  if (!beside) await tx.query(RETIRE, [provider, key.paserk]);
  await tx.query(PUT, [provider, key.kid, key.paserk, 'trusted']);
  await auditKey(tx, { ...change, outcome: 'ok' });
}

/** Writes down that a key was offered, and not taken. */
export async function offerKey(tx: Transaction, change: KeyChange): Promise<void> {
  const { provider, key } = change;
  await tx.query(PUT, [provider, key.kid, key.paserk, 'offered']);
  await auditKey(tx, { ...change, outcome: 'denied' });
}

export async function auditKey(tx: Transaction, change: KeyChange & { outcome: 'ok' | 'denied' }): Promise<void> {
  const { provider, key, type, by: actor, data, outcome } = change;
  await appendAudit(tx, { type, actor, outcome, resource: `provider-key:${provider}/${key.kid}`, data: { provider, ...data } });
}

export function unknownKey(provider: string, kid: string, known: readonly KeyRow[]): GuichetError {
  const offered = known.filter(({ state }) => state === 'offered').map((key) => key.kid);
  return new GuichetError('usage.invalid', `Provider '${provider}' has offered no key '${kid}'.`, {
    remedy:
      offered.length === 0
        ? 'The gateway has seen no new key of it; its log says when it does.'
        : `It has offered ${offered.join(', ')}.`,
  });
}
