import { createHash } from 'node:crypto';
import { GuichetError } from '@guichet/contract';
import { type Queryable, statement, type Transaction } from '../../db/index.ts';

/** Rows outlive what they stand for by this much: clocks differ. */
const SLACK_MS = 10 * 60_000;

const IS_USED = statement('assertion-is-used', 'select 1 from used_assertions where hash = $1');
/** Whoever comes second waits for the first to commit, and then inserts nothing. */
const USE = statement(
  'assertion-use',
  'insert into used_assertions (hash, expires_at) values ($1, $2) on conflict do nothing returning 1 as used',
);
const SWEEP = statement('assertion-sweep', 'delete from used_assertions where expires_at < now()');
const SWEEP_TOKENS = statement(
  'exchanged-token-sweep',
  `delete from tokens where origin is not null and expires_at < now() - interval '7 days'`,
);

/** Something that proves an identity, and may do so once. */
export interface Assertion {
  /** What it is, apart from all other assertions of its kind and of other kinds: `workload`, the issuer, the jti. */
  readonly parts: readonly string[];
  /** When it proves nothing any more by itself. */
  readonly expiresAt: Date;
}

/** JSON keeps the parts apart, whatever stands in them. */
const hashOf = ({ parts }: Assertion): Buffer => createHash('sha256').update(JSON.stringify(parts)).digest();

/** Refuses one that was used, before more is done with it. Only `use` says it for certain. */
export async function refuseUsed(db: Queryable, assertion: Assertion): Promise<void> {
  if ((await db.query(IS_USED, [hashOf(assertion)])).length > 0) throw used();
}

/** In the transaction of what it is used for: refuses (`assertion.used`) all but the first of those that come at once. */
export async function use(tx: Transaction, assertion: Assertion): Promise<void> {
  const until = new Date(assertion.expiresAt.getTime() + SLACK_MS);
  if ((await tx.query(USE, [hashOf(assertion), until])).length === 0) throw used();
}

/** Forgets assertions that prove nothing any more, and tokens that were exchanged and have ended a while ago. */
export async function sweepAssertions(db: Queryable): Promise<void> {
  await db.query(SWEEP);
  await db.query(SWEEP_TOKENS);
}

const used = (): GuichetError =>
  new GuichetError('assertion.used', 'This proof of identity was exchanged before; each works once.', {
    remedy:
      'Use the token that it was exchanged for, or bring a new proof. If you did not exchange it, somebody else has: tell the team that runs Guichet.',
  });
