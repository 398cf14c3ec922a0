import type { OutputInput } from '@guichet/contract';
import type { Instance } from '../instance.ts';
import { counted } from '../words.ts';
import { checkReferences } from './check-references.ts';
import { type Fetched, fetchAnswer, fetchRows, LONGEST_CELL } from './fetch-rows.ts';
import { readOnlyStatement } from './read-only-statement.ts';
import { reading } from './reading-session.ts';

type Table = Extract<OutputInput, { kind: 'table' }>;

export interface SqlRun {
  readonly instance: Instance;
  readonly database: string;
  readonly sql: string;
  readonly limit: number;
  readonly seconds: number;
  readonly runId: string;
  readonly signal: AbortSignal;
}

/** Runs the statement and gives its first rows. What it rests on is looked at again, for views change. Rejects with an InstanceError. */
export async function runSql({ instance, database, sql, limit, seconds, runId, signal }: SqlRun): Promise<Table> {
  const statement = await readOnlyStatement(sql);
  const fetched = await reading(instance, { database, seconds, runId, signal }, async (session) => {
    await checkReferences(session, statement.references);
    return statement.kind === 'query'
      ? fetchRows(session, { text: statement.text, limit })
      : fetchAnswer(session, statement.text);
  }).catch((error: unknown) => {
    signal.throwIfAborted(); // a statement that was cancelled says that it took too long
    throw error;
  });
  return tableOf(fetched);
}

function tableOf({ columns, rows, more, cut }: Fetched): Table {
  const keys = uniqueKeys(columns.map(({ name }) => name));
  return {
    kind: 'table',
    confidential: true,
    columns: columns.map(({ name, type }, index) => ({ key: keys[index] ?? name, title: name, type })),
    rows: rows.map((row) => Object.fromEntries(row.map((cell, index) => [keys[index] ?? '', cell]))),
    notes: [
      more
        ? `The first ${counted(rows.length, 'row')}; there are more: raise --limit, or ask for less.`
        : counted(rows.length, 'row'),
      ...(cut === 0 ? [] : [`${counted(cut, 'cell')} cut after ${LONGEST_CELL} characters.`]),
    ],
    empty: 'No row.',
  };
}

/** Columns of the same name are told apart by a number. */
function uniqueKeys(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let key = name;
    for (let number = 2; taken.has(key); number++) key = `${name}_${number}`;
    taken.add(key);
    return key;
  });
}
