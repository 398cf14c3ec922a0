import { type AuditHead, countOf, type EventLine, type Hash, readLine } from '@guichet/contract/audit-log';
import { type Queryable, statement } from '../db/index.ts';
import { LINE } from './line.ts';
import { HEADS_AFTER, TILE } from './seal-statements.ts';
import { inclusionPath, TILE_WIDTH } from './tiles.ts';

const HEADS_A_PAGE = 2000;
const EVENTS_A_PAGE = 5000;
/** Missing events are looked for by their id alone, which no index has: a few of them. */
const SOUGHT = 1000;

/** Some heads in a row, whose events are read together. */
export interface HeadPage {
  readonly heads: readonly [AuditHead, ...AuditHead[]];
  /** The head before them; undefined when they are the first. */
  readonly before: AuditHead | undefined;
  /** Whether they are the last ones of which the events are asked for. */
  readonly isEnd: boolean;
  /** True when their events are in an archive, as the database has it: then they are not looked for far and wide. */
  readonly isArchived: boolean;
}

/** The events of some heads, as they are now. */
export interface SealedEvents {
  /** In the order of the log; then those that are in no head, although they lie among these. */
  readonly events: readonly EventLine[];
  /** Index of the first event of these heads, and the hashes that the log keeps of them. */
  readonly start: number;
  readonly hashes: Buffer;
}

/** A page of an export. */
export interface SealedPage extends Pick<SealedEvents, 'start' | 'hashes'> {
  readonly lines: readonly string[];
  /** Pass it as `after` for the next page; undefined on the last one. */
  readonly next: number | undefined;
}

// What is not settled, or came after the last head, is no part of this. What says to be of a transaction that has not begun
// yet, or of a time that was sealed long ago, only looks so: it is shown, and found to be in no head.
const WINDOW = statement(
  'audit-sealed-window',
  `with last as (select settled_to, above_id, 
     least((head->>'until')::timestamptz, (head->>'at')::timestamptz, clock_timestamp()) - interval '1 hour' as earliest,
     cluster = (select system_identifier::text from pg_control_system()) as counts_here
     from audit_heads where number <= $3::bigint order by number desc limit 1)
   select string_agg(${LINE}, E'\\n') as lines from audit_events, last
   where at >= $1::timestamptz and at <= $2::timestamptz and not (xid >= last.settled_to and id > last.above_id
     and (not last.counts_here or (xid < pg_snapshot_xmax(pg_current_snapshot()) and at >= last.earliest)))`,
);
const BY_ID = statement('audit-sealed-by-id', `select ${LINE} as line from audit_events where id = any($1::bigint[])`);
const PLACES = statement(
  'audit-sealed-places',
  `select least(min(first_at), $3::timestamptz)::text as first, max(last_at)::text as last from audit_heads where number between $1 and $2`,
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

const ARCHIVED = statement(
  'audit-archived-heads',
  'select coalesce(max(last_head), 0)::float8 as head from audit_archives where dropped_at is not null',
);

/** The last head whose events are in an archive, as the database has it; 0 when there is none. */
export async function archivedHead(db: Queryable): Promise<number> {
  return (await db.query<{ head: number }>(ARCHIVED))[0]?.head ?? 0;
}

export async function headsAfter(db: Queryable, after: number, limit: number): Promise<AuditHead[]> {
  return (await db.query<{ head: AuditHead }>(HEADS_AFTER, [after, limit])).map(({ head }) => head);
}

/** The last head that there is. */
export async function lastHead(db: Queryable): Promise<AuditHead | undefined> {
  return (await db.query<{ head: AuditHead }>(LAST))[0]?.head;
}

const SIGNER = statement(
  'audit-last-signer',
  `select public from audit_keys where kid = (select head->>'key' from audit_heads order by number desc limit 1)`,
);

/** The public key that the last head is signed with, in base64: whoever checks a proof compares it with the one they were given. */
export async function lastSigner(db: Queryable): Promise<string | undefined> {
  return (await db.query<{ public: string }>(SIGNER))[0]?.public;
}

/** All heads, in their order. */
export async function* allHeads(db: Queryable): AsyncGenerator<AuditHead> {
  for (let after = 0; ; ) {
    const heads = await headsAfter(db, after, HEADS_A_PAGE);
    yield* heads;
    const last = heads.at(-1);
    if (last === undefined || heads.length < HEADS_A_PAGE) return;
    after = last.number;
  }
}

/**
 * Splits heads into pages of about 5,000 events; the one before the first of them is told, and the last one that is archived:
 * what is has pages of its own.
 */
export function* pagesOf(
  all: readonly AuditHead[],
  { first, archived = 0 }: { first?: AuditHead | undefined; archived?: number } = {},
): Generator<HeadPage> {
  let before = first;
  for (let start = 0; start < all.length; ) {
    let end = start;
    const isArchived = (all[start]?.number ?? 0) <= archived;
    for (let count = 0; end < all.length; end++) {
      const head = all[end] as AuditHead; // end is below the length
      count += countOf(head);
      if (isArchived && head.number > archived) break;
      if (end > start && count > EVENTS_A_PAGE) break;
    }
    const heads = all.slice(start, end) as [AuditHead, ...AuditHead[]]; // one at least
    yield { heads, before, isEnd: end === all.length, isArchived };
    before = heads.at(-1);
    start = end;
  }
}

/** The events of the next heads after a head, about 5,000 of them; whole heads. */
export async function sealedAfter(db: Queryable, after: number): Promise<SealedPage> {
  const archived = await archivedHead(db);
  const found = await headsAfter(db, after, HEADS_A_PAGE);
  const [previous] = await db.query<{ head: AuditHead }>(BEFORE, [(found[0]?.number ?? 0) - 1]);
  const page = pagesOf(found, { first: previous?.head, archived }).next().value;
  if (page === undefined) return { lines: [], start: 0, hashes: Buffer.alloc(0), next: undefined };
  const isEnd = page.isEnd && found.length < HEADS_A_PAGE;
  const { events, start, hashes } = await sealedEvents(db, { ...page, isEnd });
  return { lines: events.map(({ text }) => text), start, hashes, next: isEnd ? undefined : page.heads.at(-1)?.number };
}

export async function sealedEvents(db: Queryable, page: HeadPage): Promise<SealedEvents> {
  const [first] = page.heads;
  const start = first.size - countOf(first);
  const { size } = page.heads.at(-1) ?? first;
  return { events: await eventsOf(db, page), start, hashes: await leavesOf(db, start, size) };
}

async function eventsOf(db: Queryable, { heads, before, isEnd, isArchived }: HeadPage): Promise<EventLine[]> {
  const last = heads.at(-1)?.number;
  const until = before?.until ?? '-infinity';
  const [place] = await db.query<{ first: string; last: string }>(PLACES, [heads[0].number, last, until]);
  // All in one value: rows of their own would cost more than checking them. What came after the last head of all is left out.
  const [window] = await db.query<{ lines: string | null }>(WINDOW, [
    place?.first ?? until,
    isEnd ? 'infinity' : (place?.last ?? 'infinity'),
    isEnd ? last : Number.MAX_SAFE_INTEGER,
  ]);
  const found = new Map<number, EventLine>();
  const twins: EventLine[] = [];
  for (const text of window?.lines?.split('\n') ?? []) {
    const line = readLine(text);
    if (found.has(line.id)) twins.push(line);
    else found.set(line.id, line);
  }
  const ranges = heads.flatMap(({ ids }) => ids);
  const missing = idsOf(ranges).filter((id) => !found.has(id));
  if (missing.length > 0 && !isArchived)
    for (const event of await seek(db, missing.slice(0, SOUGHT)))
      if (found.has(event.id)) twins.push(event);
      else found.set(event.id, event);
  const events: EventLine[] = [];
  for (const id of idsOf(ranges)) {
    const event = found.get(id);
    if (event === undefined) continue;
    events.push(event);
    if (twins.length > 0) events.push(...twins.filter((twin) => twin.id === id));
  }
  if (events.length === found.size + twins.length) return events;
  const isNew = ({ at }: EventLine): boolean => at === '' || before === undefined || at > until;
  const owned = new Set(idsOf(ranges));
  const others = [...found.values(), ...twins].filter((event) => !owned.has(event.id) && isNew(event));
  const strays = await strayIds(
    db,
    others.map(({ id }) => id),
  );
  return [...events, ...others.filter(({ id }) => strays.has(id))];
}

function idsOf(ranges: readonly (readonly [number, number])[]): number[] {
  const ids: number[] = [];
  for (const [first, last] of ranges) for (let id = first; id <= last; id++) ids.push(id);
  return ids;
}

/** What does not lie where it was sealed may lie elsewhere: then its time was changed. */
async function seek(db: Queryable, ids: readonly number[]): Promise<EventLine[]> {
  const rows = await db.query<{ line: string }>(BY_ID, [ids]);
  return rows.map(({ line }) => readLine(line));
}

/** Those that no head has. */
async function strayIds(db: Queryable, ids: readonly number[]): Promise<Set<number>> {
  if (ids.length === 0) return new Set();
  const known = ids.filter(Number.isFinite);
  const rows = known.length === 0 ? [] : await db.query<{ head: AuditHead }>(AROUND, [Math.min(...known), Math.max(...known)]);
  const ranges = rows.flatMap(({ head }) => head.ids);
  return new Set(ids.filter((id) => !ranges.some(([first, last]) => first <= id && id <= last)));
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
