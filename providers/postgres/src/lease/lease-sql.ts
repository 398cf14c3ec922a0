import pg from 'pg';
import type { ConnectRules } from './connect-config.ts';
import { LEASE_PREFIX, type LeaseFacts, type LeaseTimes } from './lease.ts';

const { escapeIdentifier: name, escapeLiteral: literal } = pg;

/** Raised by the statements below, so that what is meant can be told from what has gone wrong. */
export const NO_SUCH_LEASE = 'GU001';
export const LEASE_ENDING = 'GU002';
export const LEASE_ALIVE = 'GU003';
export const LEASE_OF_OTHERS = 'GU004';

/**
 * Two changes of one role at the same moment fail with "tuple concurrently updated", so each takes this lock first. All are
 * taken in the same database of the instance: such locks belong to a database.
 */
const lock = (role: string): string => `perform pg_advisory_xact_lock(hashtextextended(${literal(role)}, 0));`;

/** The same lock for a session, until that ends. */
export const HOLD_LEASE = 'select pg_advisory_lock(hashtextextended($1, 0))';

const atomically = (body: string): string => `do ${quoted(body)}`;

/** A body between dollars that it does not have. */
function quoted(body: string): string {
  let tag = '$lease$';
  for (let number = 1; body.includes(tag); number++) tag = `$lease${number}$`;
  return `${tag}${body}${tag}`;
}

const later = (seconds: number): string => `clock_timestamp() + ${literal(`${seconds} seconds`)}::interval`;
/** By the clock of the server. */
const setValidity = (role: string, verifier: string | null, seconds: number): string =>
  `execute format('alter role %I ${verifier === null ? 'nologin' : 'login'} password %L valid until %L', ${literal(role)}, ${verifier === null ? 'null' : literal(verifier)}, ${later(seconds)});`;

/** So that the server notices a client that is gone while a statement runs; where its operating system cannot tell, it does not. */
const lookForClient = (role: string): string => `begin
    alter role ${name(role)} set client_connection_check_interval = '5s';
  exception when invalid_parameter_value then null; end;`;

/** Makes the role, unable to sign in, unless this run has made it already. Raises LEASE_OF_OTHERS, LEASE_ENDING. */
export function makeRole(
  role: string,
  facts: LeaseFacts,
  { rules, times, version }: { rules: ConnectRules; times: LeaseTimes; version: number },
): string {
  const settings: Record<string, string> = {
    statement_timeout: `${rules.statementSeconds}s`,
    idle_in_transaction_session_timeout: `${rules.idleInTransactionSeconds}s`,
    ...(facts.rights === 'read' && { default_transaction_read_only: 'on' }),
    ...(version >= 140_000 && { idle_session_timeout: `${rules.idleSeconds}s` }),
  };
  // It has the rights of the group and cannot become it: what it makes is its own, and is found at the end.
  const asItself = version >= 160_000 ? ' with inherit true, set false' : '';
  return atomically(`
declare known jsonb;
begin
  ${lock(role)}
  select coalesce(shobj_description(oid, 'pg_authid'), '{}')::jsonb into known from pg_roles where rolname = ${literal(role)};
  if found then
    if known->>'run' is distinct from ${literal(facts.run)} then raise exception using errcode = '${LEASE_OF_OTHERS}'; end if;
    if known ? 'ending' then raise exception using errcode = '${LEASE_ENDING}'; end if;
    return;
  end if;
  create role ${name(role)} nologin inherit connection limit ${rules.connections};
  ${setValidity(role, null, times.unopened)}
  ${rules[facts.rights].map((group) => `grant ${name(group)} to ${name(role)}${asItself};`).join('\n  ')}
  ${Object.entries(settings)
    .map(([setting, value]) => `alter role ${name(role)} set ${setting} = ${literal(value)};`)
    .join('\n  ')}
  ${version >= 140_000 ? lookForClient(role) : ''}
  comment on role ${name(role)} is ${literal(JSON.stringify(facts))};
end`);
}

/** The facts of the role under the lock, or an error that says why there are none. */
const knownFacts = (role: string): string => `
  ${lock(role)}
  select shobj_description(oid, 'pg_authid')::jsonb into known from pg_roles where rolname = ${literal(role)};
  if not found or known is null then raise exception using errcode = '${NO_SUCH_LEASE}'; end if;`;

const remember = (role: string): string => `execute format('comment on role %I is %L', ${literal(role)}, known::text);`;

/**
 * Lets the role sign in with that password for a while, and adds to its count of statements. Raises NO_SUCH_LEASE, and
 * LEASE_ENDING: what has ended never comes back.
 */
export function renewRole(
  role: string,
  { verifier, valid, statements }: { verifier: string; valid: number; statements: number },
): string {
  return atomically(`
declare known jsonb;
begin
  ${knownFacts(role)}
  if known ? 'ending' then raise exception using errcode = '${LEASE_ENDING}'; end if;
  ${setValidity(role, verifier, valid)}
  if ${statements} > 0 or not coalesce((known->>'opened')::boolean, false) then
    known := known || jsonb_build_object('opened', true, 'statements', coalesce((known->>'statements')::bigint, 0) + ${statements});
    ${remember(role)}
  end if;
end`);
}

/**
 * From here on nobody signs in with the role. With `graceSeconds` only one that was not renewed for so long is ended, looked at
 * under the lock: a renewal that comes first wins. Raises NO_SUCH_LEASE, LEASE_ALIVE.
 */
export function barRole(role: string, { why, graceSeconds }: { why: string; graceSeconds: number | undefined }): string {
  const stale = graceSeconds === undefined ? 'true' : `until < ${later(-graceSeconds)}`;
  return atomically(`
declare known jsonb; until timestamptz;
begin
  ${knownFacts(role)}
  select rolvaliduntil into until from pg_roles where rolname = ${literal(role)};
  if known ? 'ending' then return; end if;
  if not (${stale}) then raise exception using errcode = '${LEASE_ALIVE}'; end if;
  alter role ${name(role)} nologin password null valid until '1970-01-01 00:00:00+00';
  known := known || jsonb_build_object('ending', jsonb_build_object(
    'at', to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'why', ${literal(why)}));
  ${remember(role)}
end`);
}

/** Adds to the count of sessions that were ended: the end may take several attempts. Raises NO_SUCH_LEASE. */
export function countEnded(role: string, sessions: number): string {
  return atomically(`
declare known jsonb;
begin
  ${knownFacts(role)}
  known := jsonb_set(known, '{ending,sessions}', to_jsonb(coalesce((known#>>'{ending,sessions}')::int, 0) + ${sessions}));
  ${remember(role)}
end`);
}

export interface LeaseRow {
  readonly oid: string;
  readonly role: string;
  readonly signsIn: boolean;
  /** ISO 8601 in UTC. */
  readonly validUntil: string | null;
  /** Seconds since then; negative while it is good. */
  readonly overdue: number | null;
  readonly comment: string | null;
  readonly sessions: number;
}

const COLUMNS = `
select r.oid::text, r.rolname::text as role, r.rolcanlogin as "signsIn",
  to_char(r.rolvaliduntil at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "validUntil",
  extract(epoch from clock_timestamp() - r.rolvaliduntil)::float8 as overdue,
  shobj_description(r.oid, 'pg_authid') as comment,
  (select count(*)::int from pg_stat_activity a where a.usesysid = r.oid) as sessions
from pg_roles r`;

export const ALL_LEASES = `${COLUMNS} where starts_with(r.rolname, '${LEASE_PREFIX}') and not pg_is_in_recovery() order by r.oid`;
export const ONE_LEASE = `${COLUMNS} where r.rolname = $1`;
