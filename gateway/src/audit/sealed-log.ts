import { type AuditHead, countOf, type Hash } from '@guichet/contract/audit-log';
import { type Queryable, statement } from '../db/index.ts';
import { LINE } from './line.ts';
import { HEADS_AFTER, TILE } from './seal-statements.ts';
import { inclusionPath, TILE_WIDTH } from './tiles.ts';

const HEADS_A_PAGE = 2000;
const EVENTS_A_PAGE = 5000;
/** Missing events are looked for by their id alone, which no index has: a few of them. */
const SOUGHT = 1000;

/** The events of some heads, as they are now. */
export interface SealedPage {
  readonly heads: readonly AuditHead[];
  /** The lines in the order of the log; then those that are in no head, although they lie among these. */
  readonly lines: readonly string[];
  /** Index of the first event of these heads, and the hashes that the log keeps of them. */
  readonly start: number;
  readonly hashes: Buffer;
  /** Pass it as `after` for the next page; undefined on the last one. */
  readonly next: number | undefined;
}

interface Line {
  readonly id: string;
  readonly line: string;
}

const START = /^\{"id":"(\d+)","at":"([^"]+)"/;

// What is not settled, or came after the last head, is no part of this. What says to be of a transaction that has not begun
// yet, or of a time that was sealed long ago, only looks so: it is shown, and found to be in no head.
const WINDOW = statement(
  'audit-sealed-window',
  `with last as (select settled_to, above_id, 
     least((head->>'until')::timestamptz, (head->>'at')::timestamptz, clock_timestamp()) - interval '1 hour' as earliest,
     cluster = (select system_identifier::text from pg_control_system()) as counts_here
     from audit_heads order by number desc limit 1)
   select string_agg(${LINE}, E'\\n') as lines from audit_events, last
   where at >= $1::timestamptz and at <= $2::timestamptz and not (xid >= last.settled_to and id > last.above_id
     and (not last.counts_here or (xid < pg_snapshot_xmax(pg_current_snapshot()) and at >= last.earliest)))`,
);
const BY_ID = statement('audit-sealed-by-id', `select id::text, ${LINE} as line from audit_events where id = any($1::bigint[])`);
const PLACES = statement(
  'audit-sealed-places',
  'select min(first_at)::text as first_at, max(last_at)::text as last_at from audit_heads where number between $1 and $2',
);
const BEFORE = statement('audit-sealed-before', 'select head from audit_heads where number = $1');
const AROUND = statement(
  'audit-sealed-around',
  'select head from audit_heads where last_id >= $1::bigint and first_id <= $2::bigint',
);
const LEAVES = statement(
  'audit-sealed-leaves',
  'select number::int as number, hashes from audit_tiles where level = 0 and number between $1 and $2 order by number',
);

export async function headsAfter(db: Queryable, after: number, limit: number): Promise<AuditHead[]> {
  return (await db.query<{ head: AuditHead }>(HEADS_AFTER, [after, limit])).map(({ head }) => head);
}

/** The events of the next heads after a head, about 5,000 of them; whole heads. */
export async function sealedAfter(db: Queryable, after: number): Promise<SealedPage> {
  const found = await headsAfter(db, after, HEADS_A_PAGE);
  const heads: AuditHead[] = [];
  let count = 0;
  for (const head of found) {
    if (heads.length > 0 && count + countOf(head) > EVENTS_A_PAGE) break;
    heads.push(head);
    count += countOf(head);
  }
  const first = heads[0];
  const last = heads.at(-1);
  if (first === undefined || last === undefined) return { heads, lines: [], start: 0, hashes: Buffer.alloc(0), next: undefined };
  const start = first.size - countOf(first);
  const isEnd = heads.length === found.length && found.length < HEADS_A_PAGE;
  return {
    heads,
    lines: await linesOf(db, { heads, first, last, isEnd }),
    start,
    hashes: await leavesOf(db, start, last.size),
    next: isEnd ? undefined : last.number,
  };
}

async function linesOf(
  db: Queryable,
  { heads, first, last, isEnd }: { heads: readonly AuditHead[]; first: AuditHead; last: AuditHead; isEnd: boolean },
): Promise<string[]> {
  const [place] = await db.query<{ first_at: string; last_at: string }>(PLACES, [first.number, last.number]);
  const [before] = await db.query<{ head: AuditHead }>(BEFORE, [first.number - 1]);
  const until = before?.head.until ?? '-infinity';
  const from = before === undefined || (place?.first_at ?? until) > until ? until : (place?.first_at ?? until);
  // All in one value: rows of their own would cost more than checking them.
  const [window] = await db.query<{ lines: string | null }>(WINDOW, [from, isEnd ? 'infinity' : (place?.last_at ?? 'infinity')]);
  const found = new Map<number, string[]>();
  const isNew = new Set<number>();
  for (const line of window?.lines?.split('\n') ?? []) {
    const [, number, at = ''] = START.exec(line) ?? [];
    const id = Number(number);
    const lines = found.get(id);
    if (lines === undefined) found.set(id, [line]);
    else lines.push(line);
    if (before === undefined || at > until) isNew.add(id);
  }
  const missing: number[] = [];
  const lines: string[] = [];
  const take = (id: number): void => {
    const here = found.get(id);
    if (here === undefined) missing.push(id);
    else lines.push(...here);
    found.delete(id);
  };
  const all = heads.flatMap(({ ids }) => ids);
  const isMissing = all.some(([a, b]) => {
    for (let id = a; id <= b; id++) if (!found.has(id)) return true;
    return false;
  });
  if (isMissing) await seek(db, { found, ids: all });
  for (const [a, b] of all) for (let id = a; id <= b; id++) take(id);
  const strays = await strayIds(
    db,
    [...found.keys()].filter((id) => isNew.has(id)),
  );
  return [...lines, ...strays.flatMap((id) => found.get(id) ?? [])];
}

/** What does not lie where it was sealed may lie elsewhere: then its time was changed. */
async function seek(
  db: Queryable,
  { found, ids }: { found: Map<number, string[]>; ids: readonly (readonly [number, number])[] },
): Promise<void> {
  const sought: number[] = [];
  for (const [first, last] of ids)
    for (let id = first; id <= last && sought.length < SOUGHT; id++) if (!found.has(id)) sought.push(id);
  for (const { id, line } of await db.query<Line>(BY_ID, [sought])) found.set(Number(id), [line]);
}

/** Those that no head has. */
async function strayIds(db: Queryable, ids: readonly number[]): Promise<number[]> {
  if (ids.length === 0) return [];
  const rows = await db.query<{ head: AuditHead }>(AROUND, [Math.min(...ids), Math.max(...ids)]);
  const ranges = rows.flatMap(({ head }) => head.ids);
  return ids.filter((id) => !ranges.some(([first, last]) => first <= id && id <= last));
}

async function leavesOf(db: Queryable, start: number, end: number): Promise<Buffer> {
  const first = Math.floor(start / TILE_WIDTH);
  const rows = await db.query<{ hashes: Buffer }>(LEAVES, [first, Math.floor((end - 1) / TILE_WIDTH)]);
  const all = Buffer.concat(rows.map(({ hashes }) => hashes));
  return all.subarray((start - first * TILE_WIDTH) * 32, (end - first * TILE_WIDTH) * 32);
}

/** That an event is in the log: its line, where it stands, and the hashes that lead to the root of a signed head. */
export interface EventProof {
  readonly line: string;
  readonly index: number;
  readonly path: readonly Hash[];
  readonly head: AuditHead;
}

const LAST = statement('audit-proof-last', 'select head from audit_heads order by number desc limit 1');
const AT = statement(
  'audit-proof-line',
  `select ${LINE} as line from audit_events where id = $1 and at >= $2::timestamptz and at <= $3::timestamptz`,
);
const OF_EVENT = statement(
  'audit-proof-head',
  `select head, first_at::text, last_at::text from audit_heads where last_id >= $1::bigint and first_id <= $1::bigint order by last_id`,
);

/** Undefined when the event is in no head: it is not there, or not sealed yet. */
export async function proofOf(db: Queryable, event: string): Promise<EventProof | undefined> {
  const id = Number(event);
  const rows = await db.query<{ head: AuditHead; first_at: string; last_at: string }>(OF_EVENT, [event]);
  const owner = rows.find(({ head }) => head.ids.some(([first, last]) => first <= id && id <= last));
  const [last] = await db.query<{ head: AuditHead }>(LAST);
  if (owner === undefined || last === undefined) return undefined;
  const [row] = await db.query<{ line: string }>(AT, [event, owner.first_at, owner.last_at]);
  if (row === undefined) return undefined;
  let index = owner.head.size - countOf(owner.head);
  for (const [from, to] of owner.head.ids) {
    if (id > to) index += to - from + 1;
    else {
      index += id - from;
      break;
    }
  }
  const tiles = new Map<string, Buffer>();
  const tileOf = async (level: number, number: number): Promise<Buffer> => {
    const key = `${level}/${number}`;
    const known = tiles.get(key) ?? (await db.query<{ hashes: Buffer }>(TILE, [level, number]))[0]?.hashes ?? Buffer.alloc(0);
    tiles.set(key, known);
    return known;
  };
  const { head } = last;
  return { line: row.line, index, path: await inclusionPath({ index, size: head.size }, tileOf), head };
}
