import type { AuditEvent } from '@guichet/contract';
import { type Database, type Queryable, statement } from '../db/index.ts';
import { AT_TEXT, type AuditRow, toAuditEvent } from './store.ts';

/**
 * Reads the audit log once, from its first event on, for a reader that must miss nothing.
 *
 * Ids are given before the commit, so a row with a smaller id may appear later: who remembers the largest id misses it.
 * Here events come in the order of (xid, id), and only those of transactions older than all that still go on
 * (`xid < pg_snapshot_xmin`): nothing can appear behind the cursor any more.
 *
 * The cursor is a row of the database. One reader at a time holds it, under a lease; whoever takes over begins where the
 * last one wrote down that it had come to. What was passed on before that was written down is passed on again.
 */
export interface SettledOptions {
  readonly db: Database;
  /** Of the cursor, such as `sink:siem`. */
  readonly name: string;
  /** Names this process. */
  readonly holder: string;
  readonly leaseSeconds: number;
}

interface Place {
  readonly xid: string;
  readonly id: string;
}

export interface SettledBatch {
  readonly events: readonly AuditEvent[];
  /** How the cursor stands once they are passed on. */
  readonly advance: () => Promise<void>;
}

const OPEN = statement('audit-cursor-open', 'insert into audit_cursors (name) values ($1) on conflict do nothing');
/**
 * Begins at the end: what is in the log already is not told. What is being written right now has its id, and is not there
 * yet: it is of a transaction that has not ended, so that is where to begin.
 */
const OPEN_AT_END = statement(
  'audit-cursor-open-at-end',
  `insert into audit_cursors (name, xid, top)
   select $1, pg_snapshot_xmin(pg_current_snapshot()), last_value from audit_events_id_seq on conflict do nothing`,
);

/** Takes or keeps the lease and reads on, in one statement: a reader with nothing to do costs one transaction a look. */
const TAKE = statement(
  'audit-cursor-take',
  `with held as (
     update audit_cursors set holder = $2, held_until = clock_timestamp() + make_interval(secs => $3)
     where name = $1 and (holder = $2 or held_until is null or held_until < clock_timestamp())
     returning xid, id, floor, catch_up_to, system <> audit_system() as elsewhere)
   select held.xid as from_xid, held.id as from_id, held.floor, held.catch_up_to, held.elsewhere, e.id is not null as found, e.*
   from held left join lateral (
     select xid, id, ${AT_TEXT} as at, type, actor_id, actor_name, action, environment, resource, request, outcome, data from audit_events
     where held.catch_up_to is null and not held.elsewhere and (xid, id) > (held.xid, held.id) and id > held.floor
       and xid < pg_snapshot_xmin(pg_current_snapshot())
     order by xid, id limit $4) e on true`,
);
/** Compared with where it stood: a reader whose lease ran out meanwhile moves nothing. */
const ADVANCE = statement(
  'audit-cursor-advance',
  `update audit_cursors set xid = $3, id = $4, top = greatest(top, $5), moved_at = clock_timestamp(), failing_since = null, failure = null
   where name = $1 and holder = $2 and (xid, id) = ($6, $7)`,
);
const CATCH_UP = statement(
  'audit-cursor-catch-up',
  `select id, ${AT_TEXT} as at, type, actor_id, actor_name, action, environment, resource, request, outcome, data from audit_events
   where id > $1 and id <= $2 order by id`,
);
const NEXT_ID = statement('audit-cursor-next-id', 'select min(id)::text as id from audit_events where id > $1 and id <= $2');
const CAUGHT_UP = statement(
  'audit-cursor-caught-up',
  `update audit_cursors set floor = $3, top = greatest(top, $3), catch_up_to = nullif(catch_up_to, $3), moved_at = clock_timestamp(),
     failing_since = null, failure = null where name = $1 and holder = $2 and floor = $4`,
);
const STAND_STILL = statement('audit-no-writers', 'lock table audit_events in share mode');
/**
 * In another cluster transactions are counted anew. What was not read there when the dump was made is behind the cursor
 * or after the largest id read; all from there to the newest event is read by id, and then what transactions of this
 * cluster write.
 */
const REBASE = statement(
  'audit-cursor-rebase',
  `update audit_cursors c set system = audit_system(), xid = '0', id = 0,
     floor = least(c.top, (select min(e.id) - 1 from audit_events e where (e.xid, e.id) > (c.xid, c.id) and e.id > c.floor)),
     catch_up_to = (select last_value from audit_events_id_seq)
   where name = $1 and system <> audit_system() and catch_up_to is null`,
);
const FAIL = statement(
  'audit-cursor-fail',
  `update audit_cursors set failing_since = coalesce(failing_since, clock_timestamp()), failure = $3, held_until = clock_timestamp()
   where name = $1 and holder = $2`,
);
const LET_GO = statement('audit-cursor-let-go', 'update audit_cursors set held_until = null where name = $1 and holder = $2');

interface HeldRow extends AuditRow {
  readonly from_xid: string;
  readonly from_id: string;
  readonly floor: string;
  readonly catch_up_to: string | null;
  readonly elsewhere: boolean;
  /** False of the one row that says that there is nothing to read. */
  readonly found: boolean;
  readonly xid: string;
}

/** Opens the cursor where there is none yet. */
export async function openCursor(db: Queryable, name: string, from: 'beginning' | 'now'): Promise<void> {
  await db.query(from === 'now' ? OPEN_AT_END : OPEN, [name]);
}

export class SettledReader {
  readonly #options: SettledOptions;

  constructor(options: SettledOptions) {
    this.#options = options;
  }

  /** At most so many events; undefined while somebody else reads. */
  async take(limit: number): Promise<SettledBatch | undefined> {
    const { db, name, holder, leaseSeconds } = this.#options;
    const rows = await db.query<HeldRow>(TAKE, [name, holder, leaseSeconds, limit]);
    const held = rows[0];
    if (held === undefined) return undefined;
    if (held.catch_up_to !== null) return this.#catchUp({ floor: held.floor, to: held.catch_up_to, limit });
    if (held.elsewhere) {
      await this.#rebase();
      return { events: [], advance: async () => {} };
    }
    const found = rows.filter((row) => row.found);
    const last = found.at(-1);
    if (last === undefined) return { events: [], advance: async () => {} };
    const from = { xid: held.from_xid, id: held.from_id };
    const top = found.reduce((most, { id }) => (BigInt(id) > most ? BigInt(id) : most), 0n);
    return { events: found.map(eventOf), advance: () => this.#advance({ from, to: last, top: String(top) }) };
  }

  /** Notes what keeps the reader from going on, and lets another replica try. */
  async fail(failure: string): Promise<void> {
    const { db, name, holder } = this.#options;
    await db.query(FAIL, [name, holder, failure]);
  }

  async letGo(): Promise<void> {
    const { db, name, holder } = this.#options;
    await db.query(LET_GO, [name, holder]);
  }

  async #advance({ from, to, top }: { from: Place; to: Place; top: string }): Promise<void> {
    const { db, name, holder } = this.#options;
    await db.query(ADVANCE, [name, holder, to.xid, to.id, top, from.xid, from.id]);
  }

  /** By ranges of ids, which the index of ids is for; where a range is empty, the next event is looked for once. */
  async #catchUp({ floor, to, limit }: { floor: string; to: string; limit: number }): Promise<SettledBatch> {
    const { db, name, holder } = this.#options;
    const endOf = (from: string): string => String(BigInt(to) < BigInt(from) + BigInt(limit) ? to : BigInt(from) + BigInt(limit));
    let last = endOf(floor);
    let rows = await db.query<AuditRow>(CATCH_UP, [floor, last]);
    if (rows.length === 0 && last !== to) {
      const [next] = await db.query<{ id: string | null }>(NEXT_ID, [last, to]);
      const from = next?.id == null ? to : String(BigInt(next.id) - 1n);
      last = endOf(from);
      rows = await db.query<AuditRow>(CATCH_UP, [from, last]);
    }
    const advance = async (): Promise<void> => void (await db.query(CAUGHT_UP, [name, holder, last, floor]));
    if (rows.length === 0) await advance();
    return { events: rows.map(toAuditEvent), advance };
  }

  async #rebase(): Promise<void> {
    const { db, name } = this.#options;
    await db.transaction(async (tx) => {
      await tx.query(STAND_STILL);
      await tx.query(REBASE, [name]);
    });
  }
}

function eventOf({
  from_xid: _x,
  from_id: _i,
  floor: _f,
  catch_up_to: _c,
  elsewhere: _e,
  found: _n,
  xid: _t,
  ...row
}: HeldRow): AuditEvent {
  return toAuditEvent(row);
}
