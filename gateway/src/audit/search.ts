import { type Queryable, type Statement, statement } from '../db/index.ts';
import { AT_TEXT, type AuditPlace, type AuditRow, COLUMNS } from './store.ts';

/** What a search asks for beside a time: each of these is a term of the index. */
export interface SearchFilter {
  readonly actorId?: string | undefined;
  /** An action id, or what it begins with followed by `*`. */
  readonly action?: string | undefined;
  readonly environment?: string | undefined;
  readonly type?: string | undefined;
  readonly outcome?: string | undefined;
  /** `TYPE:ID`, or what it begins with followed by `*`. */
  readonly resource?: string | undefined;
  /** Words, all of which must be there; one that ends with `*` stands for what begins so. */
  readonly search?: string | undefined;
}

export interface SearchRange {
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly after?: AuditPlace | undefined;
  readonly limit: number;
}

const FACTS = {
  actorId: 'actor',
  action: 'action',
  environment: 'environment',
  type: 'type',
  outcome: 'outcome',
  resource: 'resource',
} as const;
/** As much of a fact is in a term: see audit_terms. */
const LONGEST_FACT = 500;

const WORDS = statement('audit-search-words', 'select audit_words(piece) as words from unnest($1::text[]) piece');

/** The filter as a `tsquery`; undefined when nothing can fit, as of a text without a letter or a digit. */
export async function searchQuery(db: Queryable, filter: SearchFilter): Promise<string | undefined> {
  const facts = Object.entries(FACTS).flatMap(([field, name]) => {
    // Keys of FACTS are fields of the filter.
    const value = filter[field as keyof typeof FACTS];
    if (value === undefined) return [];
    const isPrefix = value.endsWith('*') && (name === 'action' || name === 'resource');
    const exact = [...(isPrefix ? value.slice(0, -1) : value)].slice(0, LONGEST_FACT).join('');
    return [term(`${name}=${exact}`, isPrefix)];
  });
  const words = filter.search === undefined ? [] : await wordsOf(db, filter.search);
  return words.length === 0 && filter.search !== undefined ? undefined : [...facts, ...words].join(' & ');
}

async function wordsOf(db: Queryable, text: string): Promise<string[]> {
  const pieces = text.split(/\s+/).filter((piece) => piece !== '');
  // What PostgreSQL takes for a word in the events it takes for one here.
  const rows = await db.query<{ words: string[] }>(WORDS, [pieces]);
  return pieces.flatMap((piece, index) => {
    const words = rows[index]?.words ?? [];
    // Of `pg-orders-1*` the last word in the text is the one that goes on.
    const last = piece.endsWith('*') ? words.reduce((a, b) => (lastIndex(piece, a) > lastIndex(piece, b) ? a : b), '') : '';
    return words.map((word) => term(word, word === last && last !== ''));
  });
}

const lastIndex = (piece: string, word: string): number =>
  word === '' ? -1 : piece.toLowerCase().lastIndexOf(word) + word.length;

const term = (text: string, isPrefix: boolean): string =>
  `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'${isPrefix ? ':*' : ''}`;

const CURSOR = statement(
  'audit-search-cursor',
  `select xid, id, floor, catch_up_to is not null as by_id from audit_cursors where name = 'search'`,
);

/**
 * What is written and not in the index yet: as a rule that of the last second. Planned with its values (no name), which
 * are what tells the planner that it is little; fenced, so that nobody goes back in time through the log to find it.
 */
const tail = (isNew: string): Statement => ({
  name: '',
  text: `with fresh as materialized (select * from audit_events where ${isNew})
   select ${COLUMNS} from fresh
   where (at, id) < ($5, $6) and at >= $7
     and audit_terms(type, actor_id, actor_name, action, environment, resource, request, outcome, data) @@ $4::tsquery
   order by fresh.at desc, id desc limit $8`,
});
const TAIL = tail('xid >= $1::xid8 and (xid, id) > ($1::xid8, $2::bigint) and id > $3::bigint');
/** After a restore into another cluster the reader goes by ids. */
const TAIL_BY_ID = tail('id > $3::bigint and ($1::xid8, $2::bigint) is not null');

/** So many events are looked at one by one before the index is asked: what is common is found among them. */
const WINDOW = 5000;

/** Each time that the index is asked for is so many times as long as the one before it. */
const LONGER = 3;
/**
 * What is common by itself and rare together costs the index the most: then a long time is looked through in so many
 * pieces at once, each by a core of its own where the database has them.
 */
const AT_ONCE = 3;

/** What fits among the newest events before a place, and where the look ended: null when there are no more. */
const NEWEST = statement(
  'audit-search-newest',
  `with looked as materialized (
     select at, id, terms from audit_search where (at, id) < ($2, $3) and at <= $2 and at >= $4 order by at desc, id desc limit ${WINDOW}),
   found as (select at, id from looked where terms @@ $1::tsquery order by at desc, id desc limit $5)
   select json_build_object('at', ${AT_TEXT}, 'id', id::text) as place, true as found from (select * from found order by at desc, id desc) f
   union all
   select (select json_build_object('at', ${AT_TEXT}, 'id', id::text) from looked order by at, id limit 1), false
   where (select count(*) from looked) = ${WINDOW}`,
);

/**
 * What fits in a time, by the index of the terms. Without the fence of a materialized CTE the planner would hope to find a
 * page soon by going back in time. No name: with one it would be planned without knowing the terms, and the time.
 */
const INDEXED: Statement = {
  name: '',
  text: `with found as materialized (
     select at, id from audit_search where terms @@ $1::tsquery and (at, id) < ($2, $3) and at <= $2 and at >= $4)
   select json_build_object('at', ${AT_TEXT}, 'id', id::text) as place from (select * from found order by at desc, id desc limit $5) f`,
};

const OLDEST = statement('audit-search-oldest', `select ${AT_TEXT} as at from (select min(at) as at from audit_search) first`);

const READ = statement(
  'audit-search-read',
  `select ${COLUMNS} from unnest($1::timestamptz[], $2::bigint[]) k (key_at, key_id)
   join audit_events on audit_events.at = key_at and audit_events.id = key_id`,
);

/** Before all of them, and after all of them. */
const FIRST = '-infinity';
const END: AuditPlace = { at: 'infinity', id: '9223372036854775807' };

/**
 * Newest first. What is common is found by going back in time over some thousand events; what is not, by the index, over
 * times that get longer and longer; so the one never sorts millions of hits, and the other never walks through all events.
 */
export async function searchAudit(
  db: Queryable,
  query: string,
  { since = FIRST, until, after, limit }: SearchRange,
): Promise<AuditRow[]> {
  const before = earlier(after, until === undefined ? undefined : { at: until, id: '0' });
  // First what is not in the index yet: what gets into it meanwhile is found twice, and not missed.
  const newest = await unindexed(db, { query, before, since, limit });
  const places = await indexed(db, { query, before, since, limit });
  const known = new Set(newest.map(({ id }) => id));
  const fresh = places.filter(({ id }) => !known.has(id));
  const rows = fresh.length === 0 ? [] : await db.query<AuditRow>(READ, [fresh.map(({ at }) => at), fresh.map(({ id }) => id)]);
  return [...newest, ...rows].sort(newestFirst).slice(0, limit);
}

interface Look {
  readonly query: string;
  readonly before: AuditPlace;
  readonly since: string;
  readonly limit: number;
}

async function unindexed(db: Queryable, { query, before, since, limit }: Look): Promise<AuditRow[]> {
  const [cursor] = await db.query<{ xid: string; id: string; floor: string; by_id: boolean }>(CURSOR);
  if (cursor === undefined) return [];
  const { xid, id, floor, by_id } = cursor;
  return db.query<AuditRow>(by_id ? TAIL_BY_ID : TAIL, [xid, id, floor, query, before.at, before.id, since, limit]);
}

async function indexed(db: Queryable, { query, before, since, limit }: Look): Promise<AuditPlace[]> {
  const newest = await db.query<{ place: AuditPlace; found: boolean }>(NEWEST, [query, before.at, before.id, since, limit]);
  const places = newest.filter(({ found }) => found).map(({ place }) => place);
  const end = newest.find(({ found }) => !found)?.place;
  if (places.length >= limit || end === undefined) return places;
  const oldest = (await db.query<{ at: string | null }>(OLDEST))[0]?.at ?? null;
  const last = oldest === null || since === FIRST ? oldest : later(oldest, since);
  let to = end;
  for (let months = 1; last !== null && places.length < limit && to.at > last; months *= LONGER) {
    const count = limit - places.length;
    const times = timesBefore(to, months, last);
    const found = await Promise.all(
      times.map(({ before, least }) => db.query<{ place: AuditPlace }>(INDEXED, [query, before.at, before.id, least, count])),
    );
    places.push(...found.flat().map(({ place }) => place));
    to = { at: times.at(-1)?.least ?? last, id: '0' };
  }
  return places.slice(0, limit);
}

/** The months before a place, in some times that are looked through at the same time: newest first, and none before `last`. */
function timesBefore(place: AuditPlace, months: number, last: string): { before: AuditPlace; least: string }[] {
  const end = later(monthsBefore(place.at, months), last);
  const times: { before: AuditPlace; least: string }[] = [];
  for (let before = place; before.at > end; ) {
    const least = later(monthsBefore(before.at, Math.ceil(months / AT_ONCE)), end);
    times.push({ before, least });
    before = { at: least, id: '0' };
  }
  return times;
}

/** The beginning of the month that is so many months back; 1 is that in which the last moment before this time lies. */
function monthsBefore(time: string, months: number): string {
  const date = new Date(Date.parse(time) - 1);
  return `${new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - months + 1)).toISOString().slice(0, 19)}.000000Z`;
}

const later = (a: string, b: string): string => (a.localeCompare(b) < 0 ? b : a);

function earlier(a: AuditPlace | undefined, b: AuditPlace | undefined): AuditPlace {
  if (a === undefined || b === undefined) return a ?? b ?? END;
  return Date.parse(a.at) < Date.parse(b.at) ? a : b;
}

function newestFirst(a: AuditRow, b: AuditRow): number {
  if (a.at !== b.at) return a.at < b.at ? 1 : -1; // one format, so that texts compare as times
  return BigInt(a.id) < BigInt(b.id) ? 1 : -1;
}
