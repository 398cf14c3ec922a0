import type { Instance } from '../estate.ts';
import { lacksRight } from '../sessions.ts';
import { type Extension, refuseMissing } from './extension.ts';

/** What the server has counted of one statement of one user in one database. Times are seconds, sizes are bytes. */
export interface Counters {
  /** Of user, database, statement and level; unique. */
  readonly key: string;
  /** A 64-bit number, as text: JavaScript would round it. */
  readonly queryId: string;
  readonly user: string;
  readonly database: string;
  readonly calls: number;
  readonly total: number;
  readonly rows: number;
  readonly hit: number;
  readonly read: number;
  readonly written: number;
  readonly temp: number;
  /** Waiting for reads and writes; 0 too where the server does not measure it. */
  readonly io: number;
  /** Planning; null before version 1.8. */
  readonly planning: number | null;
  /** Write-ahead log; null before version 1.8. */
  readonly wal: number | null;
  /** Of single executions; null where the counters are of a window. */
  readonly min: number | null;
  readonly max: number | null;
  readonly stddev: number | null;
}

export interface Sample {
  readonly counters: readonly Counters[];
  readonly takenAt: Date;
  /** When the counting began; null before version 1.9, where nobody knows. */
  readonly since: Date | null;
  /** How often statements were dropped because there were too many of them; null before version 1.9. */
  readonly dropped: number | null;
  /** `track_io_timing`: without it `io` says nothing. */
  readonly timesIo: boolean;
}

/** Columns of each version of the extension: 1.8 told planning apart, 1.10 times temporary files, 1.11 split times of blocks. */
function countersQuery({ schema, minor }: Extension): string {
  const exec = (column: string): string => (minor >= 8 ? `s.${column.replace('_time', '_exec_time')}` : `s.${column}`);
  const io =
    minor >= 11
      ? 's.shared_blk_read_time + s.shared_blk_write_time + s.local_blk_read_time + s.local_blk_write_time'
      : 's.blk_read_time + s.blk_write_time';
  const tempIo = minor >= 10 ? ' + s.temp_blk_read_time + s.temp_blk_write_time' : '';
  return `
select concat_ws('.', s.userid, s.dbid, s.queryid${minor >= 9 ? ', s.toplevel' : ''}) as key,
  s.queryid::text as "queryId", coalesce(r.rolname::text, s.userid::text) as user, coalesce(d.datname::text, s.dbid::text) as database,
  s.calls::float8 as calls, ${exec('total_time')} / 1000 as total, s.rows::float8 as rows,
  ${exec('min_time')} / 1000 as min, ${exec('max_time')} / 1000 as max, ${exec('stddev_time')} / 1000 as stddev,
  (s.shared_blks_hit + s.local_blks_hit) * b.size as hit, (s.shared_blks_read + s.local_blks_read) * b.size as read,
  (s.shared_blks_written + s.local_blks_written) * b.size as written, (s.temp_blks_read + s.temp_blks_written) * b.size as temp,
  (${io}${tempIo}) / 1000 as io,
  ${minor >= 8 ? 's.total_plan_time / 1000' : 'null::float8'} as planning, ${minor >= 8 ? 's.wal_bytes::float8' : 'null::float8'} as wal
from ${schema}.pg_stat_statements(false) s
  cross join (select current_setting('block_size')::float8 as size) b
  left join pg_roles r on r.oid = s.userid left join pg_database d on d.oid = s.dbid
where s.queryid is not null`;
}

function aboutQuery({ schema, minor }: Extension): string {
  const [since, dropped, from] =
    minor >= 9
      ? ['i.stats_reset', 'i.dealloc::float8', ` from ${schema}.pg_stat_statements_info() i`]
      : ['null::timestamptz', 'null::float8', ''];
  return `
select clock_timestamp() as "takenAt", current_setting('track_io_timing')::bool as "timesIo", ${since} as since,
  ${dropped} as dropped, pg_has_role('pg_read_all_stats', 'usage') as "seesAll"${from}`;
}

interface About extends Omit<Sample, 'counters'> {
  readonly seesAll: boolean;
}

/** All counters at one moment. Refuses where the server does not load the library. */
export async function takeSample(instance: Instance, extension: Extension): Promise<Sample> {
  const { database } = extension;
  try {
    const [about] = await instance.observer.ask<About>({ text: aboutQuery(extension), database });
    if (about === undefined || !about.seesAll) throw lacksRight(instance, 'observer', 'pg_monitor');
    const counters = await instance.observer.ask<Counters>({ text: countersQuery(extension), database });
    const { takenAt, since, dropped, timesIo } = about;
    return { counters, takenAt, since, dropped, timesIo };
  } catch (error) {
    if (isNotLoaded(error)) return refuseMissing(instance, { create: false });
    throw error;
  }
}

/** The texts of statements, as the server keeps them: literals are parameters, but not those of utility statements. */
export async function readTexts(
  instance: Instance,
  extension: Extension,
  queryIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await instance.observer.ask<{ queryId: string; query: string | null }>({
    text: `select distinct on (queryid) queryid::text as "queryId", query from ${extension.schema}.pg_stat_statements(true) where queryid = any ($1::bigint[])`,
    values: [queryIds],
    database: extension.database,
  });
  return new Map(rows.map(({ queryId, query }) => [queryId, query ?? '']));
}

function isNotLoaded(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '55000';
}

const ADDED = ['calls', 'total', 'rows', 'hit', 'read', 'written', 'temp', 'io'] as const;

/** What was counted between two samples. A statement that was forgotten meanwhile (a reset) counts from then on. */
export function between(earlier: Sample, later: Sample): Counters[] {
  const before = new Map(earlier.counters.map((counters) => [counters.key, counters]));
  return later.counters.flatMap((now) => {
    const then = before.get(now.key);
    const from = then !== undefined && then.calls <= now.calls && then.total <= now.total ? then : undefined;
    const less = (name: (typeof ADDED)[number]): number => now[name] - (from?.[name] ?? 0);
    if (less('calls') === 0) return [];
    return [
      {
        ...now,
        ...Object.fromEntries(ADDED.map((name) => [name, less(name)])),
        planning: now.planning === null ? null : now.planning - (from?.planning ?? 0),
        wal: now.wal === null ? null : now.wal - (from?.wal ?? 0),
        min: null,
        max: null,
        stddev: null,
      },
    ];
  });
}
