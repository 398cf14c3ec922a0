import type { Actor } from '@guichet/contract';
import { appendAudit } from '../audit/index.ts';
import { type Database, notifyAll, type Queryable, statement, type Transaction } from '../db/index.ts';
import type { Envelope } from '../sealing/index.ts';

/** Any number that all gateways share: only one of them changes the keys at a time. */
const LOCK = 7_283_462;

/** A key that is published. Times are lengths from now by the clock of the database, the one that all replicas share. */
export interface GrantKeyRow {
  readonly kid: string;
  readonly paserk: string;
  /** Null when it signs no more. */
  readonly sealed: Envelope | null;
  readonly ageMs: number;
  readonly signsInMs: number;
  /** Null for the newest. */
  readonly retiresInMs: number | null;
}

export interface NewGrantKey {
  readonly kid: string;
  readonly paserk: string;
  readonly sealed: Envelope;
}

const ms = (interval: string): string => `(extract(epoch from ${interval}) * 1000)::float8`;
const PUBLISHED = statement(
  'grant-keys',
  `select kid, paserk, sealed, ${ms('clock_timestamp() - created_at')} as "ageMs", ${ms('signs_from - clock_timestamp()')} as "signsInMs",
     ${ms('retires_at - clock_timestamp()')} as "retiresInMs"
   from grant_keys where revoked_at is null and (retires_at is null or retires_at > clock_timestamp()) order by created_at, kid`,
);
const EXCLUSIVELY = statement('grant-keys-lock', `select pg_advisory_xact_lock(${LOCK})`);
const NEWEST = statement('grant-key-newest', 'select kid from grant_keys where retires_at is null');
const RETIRE = statement(
  'grant-key-retire',
  `update grant_keys set retires_at = clock_timestamp() + make_interval(secs => $1) where retires_at is null`,
);
const INSERT = statement(
  'grant-key-insert',
  `insert into grant_keys (kid, paserk, sealed, signs_from) values ($1, $2, $3, clock_timestamp() + make_interval(secs => $4))
   returning signs_from as "signsFrom"`,
);
const REVOKE = statement(
  'grant-key-revoke',
  `update grant_keys set revoked_at = clock_timestamp(), retires_at = coalesce(retires_at, clock_timestamp()), sealed = null
   where kid = $1 and revoked_at is null returning kid`,
);
const FORGET = statement(
  'grant-keys-forget',
  `update grant_keys set sealed = null where sealed is not null and retires_at < clock_timestamp()`,
);

/** Oldest first. */
export const publishedKeys = (db: Queryable): Promise<GrantKeyRow[]> => db.query(PUBLISHED);

/** Erases the secret halves of keys that are published no more. */
export async function forgetRetiredKeys(db: Queryable): Promise<void> {
  await db.query(FORGET);
}

export interface Rotation {
  readonly key: NewGrantKey;
  readonly by: Actor;
  /** The newest key as whoever rotates knows it; undefined when there is none. With another one nothing is done. */
  readonly after: string | undefined;
  /** How long it is published before it signs; 0: it signs at once. */
  readonly overlapMs: number;
  /** How long the key before it stays published after it has signed its last grant. */
  readonly lingerMs: number;
  /** A key that is not to be trusted any more: published no longer. */
  readonly revoke?: string | undefined;
}

/**
 * Puts a new key in the place of the newest, with its audit rows. False when somebody has done so meanwhile: of two that
 * rotate at once one makes a key.
 */
export async function rotateKey(db: Database, rotation: Rotation, refuseRevoke: (kid: string) => Error): Promise<boolean> {
  const { key, by, after, overlapMs, lingerMs, revoke } = rotation;
  return db.transaction(async (tx) => {
    await tx.query(EXCLUSIVELY);
    const [newest] = await tx.query<{ kid: string }>(NEWEST);
    if (newest?.kid !== after) return false;
    await tx.query(RETIRE, [(overlapMs + lingerMs) / 1000]);
    const [made] = await tx.query<{ signsFrom: Date }>(INSERT, [
      key.kid,
      key.paserk,
      JSON.stringify(key.sealed),
      overlapMs / 1000,
    ]);
    await audit(tx, by, {
      type: 'grant_key.created',
      kid: key.kid,
      data: { signsFrom: made?.signsFrom.toISOString(), after: after ?? null },
    });
    await notifyAll(tx, 'grant-keys');
    if (revoke === undefined) return true;
    if ((await tx.query(REVOKE, [revoke])).length === 0) throw refuseRevoke(revoke);
    await audit(tx, by, { type: 'grant_key.revoked', kid: revoke, data: {} });
    return true;
  });
}

async function audit(
  tx: Transaction,
  actor: Actor,
  { type, kid, data }: { type: 'grant_key.created' | 'grant_key.revoked'; kid: string; data: Readonly<Record<string, unknown>> },
): Promise<void> {
  await appendAudit(tx, { type, actor, outcome: 'ok', resource: `grant-key:${kid}`, data });
}
