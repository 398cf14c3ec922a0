import { formatBytes, formatDuration } from '@guichet/contract';
import { digestOf } from '@guichet/contract/digest';
import { type PlanResult, refuse } from '@guichet/sdk';
import { commandLine } from '../describe-session.ts';
import { findTable, mayLookAfter, type TableFound, type TableWanted } from '../maintenance/find-table.ts';
import { holdersOf, longTransactions, nameTransactions } from '../maintenance/others-at-it.ts';
import { primaryOnly } from '../maintenance/primary-only.ts';
import type { QueryMask } from '../query-mask.ts';
import { type IndexStatement, type IndexWanted, indexStatement } from './index-statement.ts';
import { indexesOf, type TableIndex } from './table-indexes.ts';

export interface CreateWanted extends TableWanted, IndexWanted {
  readonly minutes: number;
  readonly waitSeconds: number;
}

/** What is built, as it was approved. */
export interface CreateSeen {
  readonly database: string;
  readonly tableOid: number;
  readonly table: string;
  readonly schema: string;
  readonly name: string;
  readonly statement: string;
}

const COLUMNS = `
select array(select attname::text from pg_attribute where attrelid = $1::bigint::oid and attnum > 0 and not attisdropped order by attnum) as columns,
  case when not exists (select from pg_locks where relation = $1::bigint::oid and mode = 'AccessExclusiveLock')
    then pg_table_size($1::bigint::oid)::float8 end as size,
  exists (select from pg_class where relname = $2 and relnamespace = (select relnamespace from pg_class where oid = $1::bigint::oid)) as taken,
  (select count(*)::int from pg_prepared_xacts where database = current_database()) as prepared`;

interface Facts {
  readonly columns: string[];
  readonly size: number | null;
  readonly taken: boolean;
  readonly prepared: number;
}

/** Rejects with an InstanceError. */
export async function planCreate(wanted: CreateWanted, mask: QueryMask): Promise<PlanResult<CreateSeen>> {
  const { instance, environment, minutes, waitSeconds } = wanted;
  await primaryOnly(instance);
  const table = await findTable(wanted);
  const { database } = table;
  const name = `${table.schema}.${table.name}`;
  if (table.kind === 'partitioned') {
    return refuse(`'${name}' is partitioned, and an index of all its partitions cannot be built concurrently.`, {
      remedy: `Build it on each partition first; see ${commandLine('tables', { instance: instance.name, database, like: table.name, env: environment })}`,
    });
  }
  await mayLookAfter(instance, table, 'index');
  const facts = async (index: string) => {
    const [row] = await instance.observer.ask<Facts>({ text: COLUMNS, values: [table.oid, index], database });
    return row ?? { columns: [], size: null, taken: false, prepared: 0 };
  };
  const { columns } = await facts('');
  const statement = await indexStatement(wanted, { ...table, columns });
  const { size, taken, prepared } = await facts(statement.name);
  const indexes = await indexesOf({ instance, database }, table.oid);
  if (taken) return refuseTaken(indexes, statement.name, { wanted, database });
  const estimate = await expectedSize(wanted, table, statement);
  return {
    summary: `Build the index '${statement.name}' on '${name}' in '${database}' on '${instance.name}', while reads and writes go on`,
    effects: [
      `Runs: ${statement.text}`,
      `The table has ${size === null ? 'an unknown size' : formatBytes(size)}${table.rows < 0 ? '' : ` and about ${amount(table.rows)} rows`}; it is read twice: ${durationInWords(size)}.`,
      `The index will take ${estimate === undefined ? 'room that cannot be told beforehand' : `about ${formatBytes(estimate)}`}, and sorting as much again meanwhile.`,
      `It waits for transactions that were open before it, for each no longer than ${formatDuration(waitSeconds)}, and is stopped after ${formatDuration(minutes * 60)}. If it does not come to its end, what is left of it is dropped.`,
    ],
    warnings: [
      ...(await waitWarnings(wanted, { table, prepared }, mask)),
      ...likeIt(indexes, statement, wanted),
      ...(Math.max(size ?? 0, estimate ?? 0) < LARGE
        ? []
        : ['The server does not tell how much room its disk has: look whether there is enough.']),
      ...(wanted.unique ? ['Where two rows have the same values it fails, after it has read the whole table.'] : []),
    ],
    resource: { type: 'postgres.table', id: `${instance.name}/${database}/${name}`, owner: instance.settings.owner },
    fingerprint: digestOf({ instance: instance.name, database, oid: table.oid, statement: statement.text, minutes, waitSeconds }),
    seen: {
      database,
      tableOid: table.oid,
      table: table.quoted,
      schema: table.schema,
      name: statement.name,
      statement: statement.text,
    },
  };
}

/** From here on the room on the disk is worth a look, in bytes. */
const LARGE = 1e9;

const amount = (count: number): string => Math.round(count).toLocaleString('en');

function refuseTaken(
  indexes: readonly TableIndex[],
  name: string,
  { wanted: { instance, environment }, database }: { wanted: CreateWanted; database: string },
): never {
  const left = indexes.find((index) => index.name === name && !index.valid);
  if (left === undefined) return refuse(`The name '${name}' is taken.`, { remedy: 'Give another --name.' });
  const flags = { instance: instance.name, database, index: `${left.schema}.${left.name}`, env: environment };
  return refuse(`There is an index '${name}' already that is not valid: its build did not come to its end, or is under way.`, {
    remedy: `Where nobody builds it: ${commandLine('drop-index-concurrently', flags)}`,
  });
}

const WIDTHS = `
select sum(avg_width)::float8 as width, count(*)::int as known from pg_stats
where schemaname = $1 and tablename = $2 and attname = any ($3)`;

/** Bytes of a B-tree, by the widths that the statistics have; undefined where they have none, and for other kinds. */
async function expectedSize(wanted: CreateWanted, table: TableFound, { columns }: IndexStatement): Promise<number | undefined> {
  if (wanted.method !== 'btree' || wanted.where !== undefined || table.rows < 0) return undefined;
  const all = [...new Set([...columns, ...wanted.include])];
  const [row] = await wanted.instance.admin.ask<{ width: number | null; known: number }>({
    text: WIDTHS,
    values: [table.schema, table.name, all],
    database: table.database,
  });
  if (row === undefined || row.known < all.length) return undefined;
  const entry = Math.ceil(((row.width ?? 0) + 8) / 8) * 8 + 4; // header, aligned values, pointer
  return Math.max(16_384, (table.rows * entry) / 0.9);
}

/** Classes, not promises: it depends on the disk, on what is in memory and on who else works. */
function durationInWords(size: number | null): string {
  if (size === null) return 'how long that takes cannot be told';
  if (size < 200e6) return 'that takes seconds, as a rule';
  if (size < 5e9) return 'that takes some minutes, as a rule';
  return size < 50e9 ? 'that takes tens of minutes, as a rule' : 'that takes hours, as a rule';
}

async function waitWarnings(
  { instance, environment }: CreateWanted,
  { table, prepared }: { table: TableFound; prepared: number },
  mask: QueryMask,
): Promise<string[]> {
  const place = { instance, environment, database: table.database };
  const holders = await holdersOf(place, table.oid, mask);
  const open = await longTransactions(place, mask);
  return [
    ...(holders.length === 0 ? [] : [`The table is held now, and would have to be let go first: ${holders.join(', ')}.`]),
    ...(open.length === 0 ? [] : [`It will wait for these to end: ${nameTransactions(open, place)}.`]),
    ...(prepared === 0 ? [] : [`It may wait for prepared transactions, which no session ends: ${prepared} in this database.`]),
  ];
}

function likeIt(indexes: readonly TableIndex[], { columns }: IndexStatement, wanted: CreateWanted): string[] {
  if (wanted.where !== undefined) return [];
  const like = indexes.find(
    (index) =>
      index.valid &&
      !index.partial &&
      index.method === wanted.method &&
      columns.every((column, at) => index.columns[at] === column),
  );
  return like === undefined ? [] : [`There is one already that begins with these columns: ${like.definition}`];
}
