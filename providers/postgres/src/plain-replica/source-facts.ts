import type { Instance } from '../estate.ts';
import { InstanceError } from '../instance-error.ts';

/** What decides whether, and how, an instance can be replicated. Sizes are bytes. */
export interface SourceFacts {
  readonly version: number;
  /** e.g. `PostgreSQL 16.4 on x86_64-pc-linux-gnu, compiled by …` */
  readonly build: string;
  readonly inRecovery: boolean;
  readonly walLevel: string;
  readonly sendersAllowed: number;
  readonly senders: number;
  readonly slotsAllowed: number;
  readonly slots: number;
  /** How much WAL slots may keep; -1 without a limit, undefined before PostgreSQL 13. */
  readonly slotLimitMB: number | undefined;
  readonly synchronous: string;
  /** How passwords are kept that are set now; MD5 was the default before PostgreSQL 14. */
  readonly passwords: 'md5' | 'scram-sha-256';
  /** Undefined when there are so many files that it could not be measured in time. */
  readonly size: number | undefined;
}

const FACTS = `
select current_setting('server_version_num')::int as version, version() as build, pg_is_in_recovery() as "inRecovery",
  current_setting('wal_level') as "walLevel", current_setting('max_wal_senders')::int as "sendersAllowed",
  (select count(*)::int from pg_stat_replication) as senders,
  current_setting('max_replication_slots')::int as "slotsAllowed", (select count(*)::int from pg_replication_slots) as slots,
  (select setting::float8 from pg_settings where name = 'max_slot_wal_keep_size') as "slotLimitMB",
  current_setting('synchronous_standby_names') as synchronous,
  case current_setting('password_encryption') when 'scram-sha-256' then 'scram-sha-256' else 'md5' end as passwords`;

/** Walks every file. */
const SIZE = 'select coalesce(sum(pg_tablespace_size(oid)), 0)::float8 as size from pg_tablespace';

/** Rejects with an InstanceError. */
export async function sourceFacts({ observer }: Instance): Promise<SourceFacts> {
  const [facts] = await observer.query<Omit<SourceFacts, 'size'>>(FACTS);
  if (facts === undefined) throw new Error('a select without from has one row');
  const measured = await observer.query<{ size: number }>(SIZE).catch((error: unknown) => {
    if (error instanceof InstanceError && error.passing) return [];
    throw error;
  });
  return { ...facts, size: measured[0]?.size };
}

/** What keeps it from being replicated, with what to do about it; undefined when nothing does. */
export function obstacle(name: string, facts: SourceFacts): { readonly message: string; readonly remedy: string } | undefined {
  const { inRecovery, walLevel, senders, sendersAllowed, slots, slotsAllowed, version, build } = facts;
  if (inRecovery) {
    return { message: `'${name}' is a replica itself.`, remedy: 'Make the replica of its primary: see postgres instances.' };
  }
  if (version < 120_000) {
    return { message: `'${name}' runs PostgreSQL ${Math.floor(version / 10_000)}.`, remedy: 'Replicas are made from 12 on.' };
  }
  if (walLevel === 'minimal') {
    return {
      message: `'${name}' writes too little to its WAL to be followed: wal_level is minimal.`,
      remedy: 'Run ALTER SYSTEM SET wal_level = replica; there, and restart it.',
    };
  }
  if (senders >= sendersAllowed) {
    return {
      message: `'${name}' can send its WAL to no more: ${senders} of ${sendersAllowed} (max_wal_senders) are connected.`,
      remedy: `Run ALTER SYSTEM SET max_wal_senders = ${sendersAllowed + 5}; there, and restart it.`,
    };
  }
  if (slots >= slotsAllowed) {
    return {
      message: `'${name}' has no replication slot left: ${slots} of ${slotsAllowed} (max_replication_slots) are made.`,
      remedy: `Drop one that nobody needs (postgres health lists them), or run ALTER SYSTEM SET max_replication_slots = ${slotsAllowed + 5}; there, and restart it.`,
    };
  }
  const machine = process.arch === 'arm64' ? /aarch64|arm64/ : process.arch === 'x64' ? /x86_64|amd64/ : undefined;
  if (machine !== undefined && !machine.test(build)) {
    return {
      message: `'${name}' runs on another kind of processor than the machine of the replicas (${process.arch}).`,
      remedy: 'Its files cannot be read here: run the provider on a machine of the same kind.',
    };
  }
  return undefined;
}
