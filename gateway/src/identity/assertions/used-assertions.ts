import { createHash } from 'node:crypto';
import { GuichetError } from '@guichet/contract';
import { type Queryable, statement, type Transaction } from '../../db/index.ts';

/** Rows outlive what they stand for by this much: clocks differ. */
const SLACK_MS = 10 * 60_000;

const IS_USED = statement('assertion-is-used', 'select 1 from used_assertions where hash = $1');
/** Whoever comes second waits for the first to commit, and then inserts nothing. */
const USE = statement(
  'assertion-use',
  'insert into used_assertions (hash, expires_at, token_id) values ($1, $2, $3) on conflict do nothing returning 1 as used',
);
const FIRST_USE = statement(
  'assertion-first-use',
  `select t.id as "token", t.name, t.principal_id as "principal" from used_assertions u
   left join tokens t on t.id = u.token_id where u.hash = $1`,
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

/** The token that it was exchanged for; all null when it is not known which. */
export interface FirstUse {
  readonly token: string | null;
  readonly name: string | null;
  readonly principal: string | null;
}

/** JSON keeps the parts apart, whatever stands in them. */
const hashOf = ({ parts }: Assertion): Buffer => createHash('sha256').update(JSON.stringify(parts)).digest();

/** Refuses one that was used, before more is done with it. Only `use` says it for certain. */
export async function refuseUsed(db: Queryable, assertion: Assertion): Promise<void> {
  if ((await db.query(IS_USED, [hashOf(assertion)])).length > 0) throw used();
}

/** What an assertion was exchanged for; undefined for one that was not used, or is forgotten. */
export async function firstUseOf(db: Queryable, assertion: Assertion): Promise<FirstUse | undefined> {
  return (await db.query<FirstUse>(FIRST_USE, [hashOf(assertion)]))[0];
}

/** In the transaction of what it is used for, a token: refuses (`assertion.used`) all but the first of those that come at once. */
export async function use(tx: Transaction, assertion: Assertion, tokenId: string | null): Promise<void> {
  const until = new Date(assertion.expiresAt.getTime() + SLACK_MS);
  if ((await tx.query(USE, [hashOf(assertion), until, tokenId])).length === 0) throw used();
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
