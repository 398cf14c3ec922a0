import { type Check, command, type Finding } from './finding.ts';

const CACHE = `
select datname::text as database, blks_hit::float8 as hit, (blks_hit + blks_read)::float8 as asked
from pg_stat_database where datname is not null and blks_hit + blks_read >= $1::float8`;

/** Databases whose blocks are often not in the cache of the server. */
export const cacheCheck: Check = {
  name: 'cache hits',
  async run(site) {
    const { cacheHit, blocksAsked } = site.limits;
    const rows = await site.ask<{ database: string; hit: number; asked: number }>(CACHE, [blocksAsked]);
    return rows.flatMap(({ database, hit, asked }): Finding[] => {
      const share = hit / asked;
      if (share >= cacheHit.info) return [];
      return [
        {
          severity: share < cacheHit.warning ? 'warning' : 'info',
          finding: 'few cache hits',
          database,
          object: 'shared_buffers',
          figure: `${(share * 100).toFixed(1)} %`,
          why: 'What is not in the cache is read from the disk, or from the cache of the operating system at best.',
          mend: `${command(site, 'slow-queries', { sort: 'io', database })} (shows what reads most; or more shared_buffers)`,
        },
      ];
    });
  },
};

const checkpoints = (version: number): string =>
  version >= 170_000
    ? 'select num_timed::float8 as timed, num_requested::float8 as requested from pg_stat_checkpointer'
    : 'select checkpoints_timed::float8 as timed, checkpoints_req::float8 as requested from pg_stat_bgwriter';

/** Checkpoints that come because the log has grown, and not because it is time. */
export const checkpointsCheck: Check = {
  name: 'checkpoints',
  async run({ ask, version, limits }) {
    const [row] = await ask<{ timed: number; requested: number }>(checkpoints(version));
    const [size] = await ask<{ size: string; double: string }>(
      "select current_setting('max_wal_size') as size, pg_size_pretty(2 * pg_size_bytes(current_setting('max_wal_size'))) as double",
    );
    const { timed, requested } = row ?? { timed: 0, requested: 0 };
    if (requested < limits.checkpoints || requested <= timed) return [];
    return [
      {
        severity: 'warning',
        finding: 'checkpoints too frequent',
        object: 'max_wal_size',
        figure: `${requested} asked for, ${timed} by time; it is ${size?.size}`,
        why: 'After each checkpoint every page is logged whole once more, so frequent ones multiply what is written.',
        mend: `a superuser: ALTER SYSTEM SET max_wal_size = '${size?.double.replace(' ', '')}'; SELECT pg_reload_conf();`,
      },
    ];
  },
};

const CHECKSUMS = `
select coalesce(datname, 'shared objects')::text as database, checksum_failures::float8 as failures
from pg_stat_database where checksum_failures > 0`;

export const checksumsCheck: Check = {
  name: 'checksums',
  async run({ ask }) {
    const rows = await ask<{ database: string; failures: number }>(CHECKSUMS);
    return rows.map(({ database, failures }) => ({
      severity: 'critical',
      finding: 'damaged pages',
      database,
      object: 'checksum_failures',
      figure: `${failures} failures`,
      why: 'The disk, or something above it, gave back other data than was written.',
      mend: 'stop writing to it, look at the hardware, and restore from a backup of before',
    }));
  },
};
