import type { Actor } from '@guichet/contract';
import { appendAudit } from '../audit/index.ts';
import { statement, type Transaction } from '../db/index.ts';
import { SESSION_COLUMNS, SESSION_END, type SessionRow } from './session-row.ts';

export const REVOKE_SESSION = statement(
  'session-revoke',
  `update sessions s set revoked_at = now() where s.id = $1 returning ${SESSION_COLUMNS}`,
);
/**
 * What gives somebody a session or a token, and what takes all of them, take turns for each person and machine: what was
 * allowed a moment ago must not become a session a moment later.
 */
const LOCK_PRINCIPAL = statement('session-person-lock', `select pg_advisory_xact_lock(hashtextextended('sessions:' || $1, 0))`);
/** Consents that no command line has come for yet. */
const FORGET_DEVICES_OF = statement(
  'devices-of-forget',
  `update device_sign_ins set state = 'denied' where principal_id = $1 and state = 'allowed'`,
);
const FORGET_CODES_OF = statement(
  'codes-of-forget',
  'update sign_in_codes set expires_at = now() where principal_id = $1 and session_id is null and expires_at > now()',
);
const LOCK_SESSIONS_OF = statement(
  'sessions-of-lock',
  `select ${SESSION_COLUMNS} from sessions s where s.principal_id = $1 and s.revoked_at is null and ${SESSION_END} > now()
   for update`,
);
/** Tokens of their own, not those of sessions: they end with these. */
const REVOKE_TOKENS_OF = statement(
  'tokens-of-revoke',
  `update tokens set revoked_at = now() where principal_id = $1 and session_id is null and revoked_at is null
     and expires_at > now() returning id, name, principal_id as "principalId"`,
);
/** Those of machines, which whoever made them may have a copy of. */
const MACHINE_TOKENS_BY = `from tokens where created_by_id = $1 and principal_id <> $1 and session_id is null
     and revoked_at is null and expires_at > now()`;
const LIST_MACHINE_TOKENS_BY = statement(
  'machine-tokens-by-list',
  `select id, name, principal_id as "principalId" ${MACHINE_TOKENS_BY} and origin is null order by created_at, id limit 500`,
);
const REVOKE_MACHINE_TOKENS_BY = statement(
  'machine-tokens-by-revoke',
  `update tokens set revoked_at = now() where id in (select id ${MACHINE_TOKENS_BY}) returning id, name, principal_id as "principalId"`,
);
/** From now on, by the clock that approvals and requests are dated by, the name is somebody else's. */
const PASS_ON = statement('principal-pass-on', 'update principals set held_since = clock_timestamp() where id = $1');
/** What they have filed again and again: theirs, and those of machines that they stand behind. */
const PAUSE_SCHEDULES_OF = statement(
  'schedules-of-pause',
  `update schedules set state = 'paused', paused_reason = $2, next_at = null
   where state = 'active' and (owner_id = $1 or $1 = any (behind)) returning name, action, environment`,
);
const FORGET_CLAIMS_OF = statement('directory-claims-forget', 'delete from directory_claims where principal_id = $1');
const UNBIND = statement('identity-unbind', 'delete from identities where principal_id = $1 returning issuer');

/** Why a session ended before its time. */
export type Why = 'signed-out' | 'revoked' | 'everywhere' | 'replaced' | 'operator' | 'unbound' | 'reassigned';

export interface Ending {
  readonly actor: Actor;
  readonly why: Why;
}

/** A token that somebody made for a machine. */
export interface MadeToken {
  readonly id: string;
  readonly name: string;
  readonly principalId: string;
}

/** Tokens of machines that somebody made: whoever made one has seen it. */
export interface MadeTokens {
  readonly revoked: readonly MadeToken[];
  readonly living: readonly MadeToken[];
}

export interface Ended {
  readonly sessions: number;
  readonly tokens: number;
}

/** In a transaction that gives out, or takes, what people and machines hold: waits for their turn, before any row is locked. */
export async function turnOf(tx: Transaction, ...ids: readonly string[]): Promise<void> {
  // All in the same order, so that no two wait for each other.
  for (const id of [...new Set(ids)].sort()) await tx.query(LOCK_PRINCIPAL, [id]);
}

export async function endSession(tx: Transaction, row: SessionRow, { actor, why }: Ending): Promise<void> {
  if (row.revokedAt !== null) return;
  await tx.query(REVOKE_SESSION, [row.id]);
  await appendAudit(tx, {
    type: 'session.revoked',
    actor: { id: actor.id, name: actor.name },
    outcome: 'ok',
    resource: `session:${row.id}`,
    data: { principal: row.principalId, kind: row.kind, client: row.client, why },
  });
}

/** Ends all sessions of somebody, takes back what was allowed and not yet redeemed, and revokes their own tokens if wanted. */
export async function endAllOf(tx: Transaction, id: string, { tokens, ...ending }: Ending & { tokens: boolean }): Promise<Ended> {
  await turnOf(tx, id);
  await tx.query(FORGET_DEVICES_OF, [id]);
  await tx.query(FORGET_CODES_OF, [id]);
  const rows = await tx.query<SessionRow>(LOCK_SESSIONS_OF, [id]);
  for (const row of rows) await endSession(tx, row, ending);
  const revoked = tokens ? await tx.query<MadeToken>(REVOKE_TOKENS_OF, [id]) : [];
  await recordRevoked(tx, revoked, ending.actor);
  return { sessions: rows.length, tokens: revoked.length };
}

/** Makes nothing of somebody's the next one's who has their name: sessions, tokens, what was claimed of them, their account. */
export async function endTenureOf(tx: Transaction, id: string, ending: Ending): Promise<Ended & { readonly unbound: boolean }> {
  const ended = await endAllOf(tx, id, { tokens: true, ...ending });
  await passOn(tx, id, ending);
  await forgetClaimsOf(tx, id);
  return { ...ended, unbound: (await tx.query(UNBIND, [id])).length > 0 };
}

/** What they have approved and filed is not the next one's who has their name, and files nothing more by itself. */
export async function passOn(tx: Transaction, id: string, ending: Ending): Promise<void> {
  await tx.query(PASS_ON, [id]);
  await pauseSchedulesOf(tx, id, ending);
}

/** Until somebody takes them over: the next one with the name files nothing unasked. */
async function pauseSchedulesOf(tx: Transaction, id: string, { actor, why }: Ending): Promise<void> {
  const name = id.slice(id.indexOf(':') + 1);
  const comment =
    why === 'reassigned'
      ? `'${name}' stands for somebody else now.`
      : `The account of '${name}' was unbound: it may be another's.`;
  const paused = await tx.query<{ name: string; action: string; environment: string }>(PAUSE_SCHEDULES_OF, [id, comment]);
  for (const { name: schedule, action, environment } of paused)
    await appendAudit(tx, {
      type: 'schedule.paused',
      actor: { id: actor.id, name: actor.name },
      outcome: 'ok',
      action,
      environment,
      resource: `schedule:${schedule}`,
      data: { comment },
    });
}

export async function forgetClaimsOf(tx: Transaction, id: string): Promise<void> {
  await tx.query(FORGET_CLAIMS_OF, [id]);
}

/** Those that live, and that nobody vouched for: others live for minutes. */
export function machineTokensBy(tx: Transaction, id: string): Promise<MadeToken[]> {
  return tx.query<MadeToken>(LIST_MACHINE_TOKENS_BY, [id]);
}

export async function revokeMachineTokensBy(tx: Transaction, id: string, actor: Actor): Promise<MadeToken[]> {
  const revoked = await tx.query<MadeToken>(REVOKE_MACHINE_TOKENS_BY, [id]);
  await recordRevoked(tx, revoked, actor);
  return revoked;
}

async function recordRevoked(tx: Transaction, revoked: readonly MadeToken[], actor: Actor): Promise<void> {
  for (const { id, name, principalId } of revoked)
    await appendAudit(tx, {
      type: 'token.revoked',
      actor: { id: actor.id, name: actor.name },
      outcome: 'ok',
      resource: `token:${id}`,
      data: { name, principal: principalId },
    });
}
