import { type Database, type Queryable, statement, type Transaction } from '../db/index.ts';

/** One that was not renewed for so long is gone, or its gateway is. In seconds. */
export const STALE_SECONDS = 35;

const STALE = `seen_at < clock_timestamp() - interval '${STALE_SECONDS} seconds'`;

const INSERT = statement('tunnel-insert', 'insert into tunnels (id, request, gateway, hold) values ($1, $2, $3, $4)');
const DELETE = statement('tunnel-delete', 'delete from tunnels where id = $1');
const RENEW = statement('tunnels-renew', 'update tunnels set seen_at = clock_timestamp() where id = any ($1::uuid[])');
/** How requests stand whose tunnels are open here. */
const STANDING = statement(
  'tunnels-standing',
  `select r.number, r.undo_at as "undoAt", clock_timestamp() as "readAt", u.number as "undoneBy", u.by_clock as "byClock",
     u.requester_name as "byName", u.requester_id = r.requester_id as "byRequester"
   from requests r left join requests u on u.undo_of = r.number and u.state in ('queued', 'running', 'unknown', 'succeeded')
   where r.number = any ($1::bigint[])`,
);
const FRESH_HOLDS = statement(
  'tunnels-fresh-holds',
  `select count(*)::int as count from tunnels where request = $1 and hold and not (${STALE})`,
);
const STALE_ONES = statement(
  'tunnels-stale',
  `select id, request, hold, seen_at as "seenAt" from tunnels where ${STALE} order by seen_at limit 500`,
);
const DELETE_STALE = statement(
  'tunnels-delete-stale',
  `delete from tunnels where id = any ($1::uuid[]) and ${STALE} returning id, hold, opened_at as "openedAt", seen_at as "seenAt"`,
);

/** A condition of SQL: there are some whose gateway says nothing of them any more. */
export const SOME_STALE = `exists (select from tunnels where ${STALE})`;

export interface TunnelRow {
  readonly id: string;
  /** Number of the request. */
  readonly request: string;
  readonly gateway: string;
  readonly hold: boolean;
}

export async function insertTunnel(db: Queryable, { id, request, gateway, hold }: TunnelRow): Promise<void> {
  await db.query(INSERT, [id, request, gateway, hold]);
}

export async function deleteTunnel(db: Queryable, id: string): Promise<void> {
  await db.query(DELETE, [id]);
}

export async function renewTunnels(db: Queryable, ids: readonly string[]): Promise<void> {
  await db.query(RENEW, [ids]);
}

/** What undoes it, or has, once that was let run; else null. */
export interface StandingRow {
  readonly number: string;
  readonly undoAt: Date | null;
  readonly readAt: Date;
  readonly undoneBy: string | null;
  readonly byClock: boolean | null;
  readonly byName: string | null;
  readonly byRequester: boolean | null;
}

export function standingOfAll(db: Queryable, numbers: readonly string[]): Promise<StandingRow[]> {
  return db.query<StandingRow>(STANDING, [numbers]);
}

export async function hasHold(tx: Transaction, number: string): Promise<boolean> {
  return ((await tx.query<{ count: number }>(FRESH_HOLDS, [number]))[0]?.count ?? 0) > 0;
}

export interface StaleTunnel {
  readonly id: string;
  readonly request: string;
  readonly hold: boolean;
  readonly seenAt: Date;
}

export function staleTunnels(db: Database): Promise<StaleTunnel[]> {
  return db.query<StaleTunnel>(STALE_ONES);
}

/** Those of them that are stale still: somebody may have been heard of meanwhile. */
export function deleteStale(
  tx: Transaction,
  ids: readonly string[],
): Promise<{ readonly id: string; readonly hold: boolean; readonly openedAt: Date; readonly seenAt: Date }[]> {
  return tx.query(DELETE_STALE, [ids]);
}
