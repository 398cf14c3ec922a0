import { formatBytes } from '@guichet/contract';
import { action, type ProviderAction } from '@guichet/sdk';
import { z } from 'zod';
import { findDatabase } from '../contents/find-database.ts';
import { MOST_MEASURED, readTables, TABLE_ORDERS, type Table, type TableOrder } from '../contents/tables.ts';
import { commandLine } from '../describe-session.ts';
import { refusing } from '../instance-error.ts';
import { counted } from '../words.ts';
import { DatabaseName, databaseOptions } from './database-field.ts';
import { InstanceName, instanceOptions } from './instance-field.ts';
import type { Workplace } from './workplace.ts';

const Input = z.strictObject({
  instance: InstanceName,
  database: DatabaseName.optional().describe('Database to look into; the first of the instance when absent'),
  schema: z.string().min(1).max(63).optional().describe('Only this schema'),
  like: z.string().min(1).max(63).optional().describe('Only tables whose name contains this'),
  sort: z
    .enum(Object.keys(TABLE_ORDERS) as [TableOrder, ...TableOrder[]]) // keys of a table are typed as strings
    .default('size')
    .describe('What comes first: the largest, the longest not vacuumed ...'),
  limit: z.int().min(1).max(1000).default(50).describe('Most rows'),
  all: z.boolean().default(false).describe('Tables of the server itself (pg_catalog ...) too'),
});

export function tablesAction(workplace: Workplace): ProviderAction {
  return action('tables', {
    title: 'List the tables',
    description:
      'The tables of a database with their sizes, rows, dead rows, and when each was vacuumed and analyzed last. Rows are estimates of the server.',
    kind: 'read',
    risk: 'safe',
    input: Input,
    output: 'table',
    timeoutSeconds: 30,
    examples: [
      { title: 'See the largest tables', input: { instance: 'pg1', database: 'shop' } },
      { title: 'See where dead rows are', input: { instance: 'pg1', database: 'shop', sort: 'dead-rows' } },
      { title: 'See which tables are read whole', input: { instance: 'pg1', sort: 'sequential-scans', limit: 10 } },
    ],
    options: { instance: instanceOptions(workplace), database: databaseOptions(workplace) },
    run: ({ input, environment }) =>
      refusing(async () => {
        const instance = await workplace.estate.find(environment, input.instance);
        const database = await findDatabase(instance, { name: input.database, environment });
        const { tables, found, total } = await readTables(instance, { ...input, database });
        return {
          kind: 'table',
          columns: [...COLUMNS],
          rows: tables.map(rowOf),
          notes: notesOf(tables, { found, total, database, instance: instance.name, environment, limit: input.limit }),
          empty: `No table of '${database}' is like that; the tables of another database: ${commandLine('tables', {
            instance: instance.name,
            database: 'NAME',
            env: environment,
          })}`,
        };
      }),
  });
}

const COLUMNS = [
  { key: 'table', title: 'Table', type: 'code' },
  { key: 'total', title: 'Total', type: 'bytes' },
  { key: 'heap', title: 'Heap', type: 'bytes' },
  { key: 'indexes', title: 'Indexes', type: 'bytes' },
  { key: 'toast', title: 'Toast', type: 'bytes' },
  { key: 'rows', title: 'Rows ~', type: 'number' },
  { key: 'deadRows', title: 'Dead ~', type: 'number' },
  { key: 'lastVacuum', title: 'Vacuumed', type: 'timestamp' },
  { key: 'lastAnalyze', title: 'Analyzed', type: 'timestamp' },
  { key: 'sequentialScans', title: 'Seq scans', type: 'number', wide: true },
  { key: 'indexScans', title: 'Index scans', type: 'number', wide: true },
  { key: 'changedRows', title: 'Changed since', type: 'number', wide: true },
  { key: 'xidAge', title: 'Xid age', type: 'number', wide: true },
  { key: 'kind', title: 'Kind', wide: true },
  { key: 'owner', title: 'Owner', wide: true },
] as const;

function rowOf({ schema, name, ...table }: Table) {
  return { table: `${schema}.${name}`, ...table };
}

interface Seen {
  readonly found: number;
  readonly total: number;
  readonly limit: number;
  readonly database: string;
  readonly instance: string;
  readonly environment: string;
}

/** Autovacuum begins at a fifth; twice of it says that it does not keep up. */
const MANY_DEAD = 0.4;
const WORTH_IT = 10_000;

function notesOf(tables: readonly Table[], { found, total, limit, database, instance, environment }: Seen): string[] {
  const notes = found === 0 ? [] : [`${counted(found, 'table')} in '${database}', ${formatBytes(total)} in all.`];
  if (found > limit) notes.push(`The first ${limit} are shown; raise --limit, or filter by --schema and --like.`);
  if (found > MOST_MEASURED) {
    notes.push(`Of all but the ${MOST_MEASURED.toLocaleString('en')} largest the sizes are what the last vacuum has seen.`);
  }
  const held = tables.filter(({ kind, total: size }) => kind !== 'partitioned' && size === null);
  if (held.length > 0) {
    const blocking = commandLine('blocking', { instance, env: environment });
    notes.push(`Locked exclusively now, so not measured: ${held.map(({ name }) => `'${name}'`).join(', ')}; see ${blocking}`);
  }
  const [worst] = tables
    .filter(({ rows, deadRows }) => deadRows >= WORTH_IT && deadRows > MANY_DEAD * (rows ?? 0))
    .sort((a, b) => b.deadRows - a.deadRows);
  if (worst !== undefined) {
    const flags = { instance, database, table: `${worst.schema}.${worst.name}`, env: environment };
    notes.push(`'${worst.name}' holds many dead rows: ${commandLine('vacuum-analyze', flags)}`);
  }
  return notes;
}
