import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Estate } from '../estate.ts';
import type { Instance } from '../instance.ts';
import { InstanceError } from '../instance-error.ts';
import { counted } from '../words.ts';
import { type ConnectSettings, rulesFor } from './connect-config.ts';
import { changingRole, evict } from './evict.ts';
import { findLease } from './find-lease.ts';
import type { LeaseFacts } from './lease.ts';
import { barRole, countEnded, LEASE_ALIVE, NO_SUCH_LEASE } from './lease-sql.ts';
import { type CleanedDatabase, cleanDatabases } from './left-behind.ts';
import { disownGroups } from './made-as-group.ts';
import { becomeMember } from './membership.ts';
import { replayed, replicasOf } from './primary.ts';
import { sqlStateOf } from './sql-state.ts';

/** What was seen when a lease had ended: no role, no session, no object. */
export interface LeaseProof {
  readonly role: string;
  readonly instance: string;
  /** Undefined when the role was gone already and nobody here saw it go. */
  readonly facts: LeaseFacts | undefined;
  /** Nobody could sign in with it from then on. */
  readonly endedAt: string | undefined;
  readonly why: string | undefined;
  readonly sessionsEnded: number;
  readonly cleaned: readonly CleanedDatabase[];
  /** Who was given what it owned. */
  readonly heir: string;
  readonly checkedAt: string;
  /** Replicas that did not answer: sessions that are open there could not be looked for. */
  readonly silent: readonly string[];
}

export interface EndOfLease {
  /** The primary: where the role is. */
  readonly primary: Instance;
  readonly role: string;
  readonly why: string;
  /** Only when it was not renewed for so long: undefined is returned for one that lives. */
  readonly graceSeconds?: number;
  readonly estate: Estate;
  readonly settings: ConnectSettings;
  readonly signal: AbortSignal;
  readonly log?: (message: string) => void;
}

const SESSIONS_MS = 20_000;
const TURN_MS = 60_000;
const REPLAY_MS = 15_000;

/**
 * Ends a lease for good: nobody signs in any more, its sessions are ended, what it owns in any database is given to somebody
 * else, its role is dropped; then looks whether that is so. Done again, or by several at once, it does what is left to do.
 * Rejects with an InstanceError when something keeps it from going on; by then at least nobody can sign in.
 */
export async function endLease(end: EndOfLease): Promise<LeaseProof | undefined> {
  const { primary, role, why, graceSeconds, settings, signal } = end;
  try {
    const text = barRole(role, { why, graceSeconds });
    await changingRole(primary, { role, own: true }, () => primary.admin.ask({ text }));
  } catch (error) {
    const state = sqlStateOf(error);
    if (state === LEASE_ALIVE) return undefined;
    if (state === NO_SUCH_LEASE) return proofOf(primary, role, rulesFor(settings, primary.name).reassignTo);
    throw error;
  }
  await evict(primary, { role, own: false });
  // One at a time, in whichever process: the others find it done.
  const [database = 'postgres'] = primary.settings.databases;
  const wanted = { database, statementMs: TURN_MS, lockMs: TURN_MS, signal };
  return primary.admin.session(wanted, async (session) => {
    await session.query('select pg_advisory_lock(hashtextextended($1, 1))', [role]);
    return endBarred(end);
  });
}

async function endBarred({ primary, role, estate, settings, signal, log }: EndOfLease): Promise<LeaseProof> {
  const lease = await findLease(primary, role);
  if (lease === undefined) return proofOf(primary, role, rulesFor(settings, primary.name).reassignTo);
  log?.(`Nobody can sign in as ${role} any more.`);
  await becomeMember(primary, role);
  const { replicas, silent } = await replicasOf(primary, estate, settings);
  let sessionsEnded = await endSessions(primary, lease.oid, signal);
  for (const replica of replicas) {
    if (!(await replayed({ instance: replica, primary }, REPLAY_MS))) {
      throw stuck(`The replica '${replica.name}' is too far behind to know that ${role} has ended.`, 'It is tried again.');
    }
    sessionsEnded += await endSessions(replica, lease.oid, signal);
  }
  if (sessionsEnded > 0) await primary.admin.ask({ text: countEnded(role, sessionsEnded) });
  sessionsEnded += lease.facts.ending?.sessions ?? 0;
  if (sessionsEnded > 0) log?.(`Ended ${counted(sessionsEnded, 'session')} of it.`);
  const heir = rulesFor(settings, primary.name).reassignTo;
  const disowned = await disownGroups(primary, { role, database: lease.facts.database, heir, signal });
  if (disowned > 0) log?.(`Gave ${counted(disowned, 'object')} to ${heir} that it had made in the name of a role of the server.`);
  const cleaned = await cleanDatabases(primary, { role, oid: lease.oid, heir, signal });
  for (const { database, objects, count } of cleaned) {
    if (count > 0)
      log?.(`Gave what it owned in '${database}' to ${heir}: ${objects.join(', ')}${count > objects.length ? ' …' : ''}.`);
  }
  await dropRole(primary, role);
  // A session that was being let in when the role was barred shows now at the latest.
  sessionsEnded += await endSessions(primary, lease.oid, signal);
  const { facts } = lease;
  const proof = await proofOf(primary, role, heir);
  return { ...proof, facts, endedAt: facts.ending?.at, why: facts.ending?.why, sessionsEnded, cleaned, silent };
}

/** Looks. Rejects with an InstanceError when the role is there after all. */
async function proofOf(primary: Instance, role: string, heir: string): Promise<LeaseProof> {
  const [seen] = await primary.admin.ask<{ at: string; roles: number; sessions: number }>({
    text: `select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at,
      (select count(*)::int from pg_roles where rolname = $1) as roles,
      (select count(*)::int from pg_stat_activity where usename = $1) as sessions`,
    values: [role],
  });
  if (seen === undefined || seen.roles > 0 || seen.sessions > 0) {
    throw stuck(`The role ${role} is still there on '${primary.name}'.`, 'It is tried again.');
  }
  return {
    role,
    instance: primary.name,
    facts: undefined,
    endedAt: undefined,
    why: undefined,
    sessionsEnded: 0,
    cleaned: [],
    heir,
    checkedAt: seen.at,
    silent: [],
  };
}

function stuck(message: string, remedy: string): InstanceError {
  return new InstanceError(message, { remedy, passing: true });
}

/** By the number of the role, which is never given again. Comes back when none is left. */
async function endSessions(instance: Instance, oid: string, signal: AbortSignal): Promise<number> {
  const seen = new Set<number>();
  const began = performance.now();
  for (let pause = 20; ; pause = Math.min(pause * 1.5, 500)) {
    const sessions = await instance.actor.query<{ pid: number }>(
      'select pid, pg_terminate_backend(pid) from pg_stat_activity where usesysid = $1::oid',
      [oid],
    );
    if (sessions.length === 0) return seen.size;
    for (const { pid } of sessions) seen.add(pid);
    if (performance.now() - began > SESSIONS_MS) {
      const pids = sessions.map(({ pid }) => pid).join(', ');
      throw stuck(
        `Sessions on '${instance.name}' do not heed their end: pid ${pids}.`,
        'They end when they next look for signals.',
      );
    }
    await sleep(pause, undefined, { signal });
  }
}

async function dropRole(primary: Instance, role: string): Promise<void> {
  try {
    await primary.admin.ask({ text: `drop role if exists ${pg.escapeIdentifier(role)}` });
  } catch (error) {
    if (sqlStateOf(error) !== '2BP01') throw error;
    const detail = error instanceof Error && 'detail' in error ? String(error.detail) : 'something depends on it';
    throw stuck(`The role ${role} cannot be dropped on '${primary.name}': ${detail}`, 'Look at what is left, and drop the role.');
  }
}
