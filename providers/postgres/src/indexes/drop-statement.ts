import type { Instance } from '../instance.ts';
import type { OwnSession, SessionWanted } from '../login.ts';
import { indexByOid, type TableIndex } from './table-indexes.ts';

/** Drops the index, if it is the one that is meant. False when that is not there any more. Rejects with the error of the driver. */
export async function dropIndex(session: OwnSession, { oid, quoted }: Pick<TableIndex, 'oid' | 'quoted'>): Promise<boolean> {
  const [now] = await session.query<{ quoted: string }>(
    "select format('%I.%I', n.nspname, c.relname) as quoted from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = $1::bigint::oid",
    [oid],
  );
  if (now?.quoted !== quoted) return false;
  await session.query(`DROP INDEX CONCURRENTLY ${quoted}`);
  return true;
}

/** Its drop waits for who holds the table; a run that was cancelled has 5 s to stop in. In ms. */
const WAIT_MS = 4000;

/** Drops what a build has left. True when nothing is left of it. Rejects with an InstanceError when the instance cannot be reached. */
export async function dropLeftover(
  { instance, database, runId }: { instance: Instance; database: string; runId: string },
  index: TableIndex,
): Promise<boolean> {
  const wanted: SessionWanted = { database, runId, statementMs: 600_000, lockMs: WAIT_MS, signal: new AbortController().signal };
  await instance.admin.session(wanted, (session) => dropIndex(session, index).catch(() => false));
  return (await indexByOid({ instance, database }, index.oid)) === undefined;
}
