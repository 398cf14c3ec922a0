import { action, type ProviderAction } from '@guichet/sdk';
import { z } from 'zod';
import { METHODS } from '../indexes/index-statement.ts';
import { type CreateSeen, planCreate } from '../indexes/plan-create.ts';
import { observeCreate, runCreate } from '../indexes/run-create.ts';
import { failing, refusing } from '../instance-error.ts';
import { DatabaseName, databaseOptions } from './database-field.ts';
import { InstanceName, instanceOptions } from './instance-field.ts';
import { columnOptions, TableName, tableOptions } from './table-field.ts';
import type { Workplace } from './workplace.ts';

const Column = z.string().min(1).max(140);

const Input = z.strictObject({
  instance: InstanceName,
  database: DatabaseName.optional().describe('Database of the table; the first of the instance when absent'),
  table: TableName,
  column: z.array(Column).min(1).max(32).describe("Columns in their order; with 'desc' or a class of operators if need be"),
  method: z.enum(METHODS).default('btree').describe('Kind of index'),
  unique: z.boolean().default(false).describe('No two rows may have the same values'),
  include: z.array(Column).max(32).default([]).describe('Columns that are kept in it and not searched by'),
  where: z.string().min(1).max(2000).optional().describe('Only rows for which this holds'),
  name: z.string().min(1).max(63).optional().describe('Its name; made of table and columns when absent'),
  waitSeconds: z
    .int()
    .min(1)
    .max(86_000)
    .default(600)
    .describe('It waits for another transaction to end for so long, in seconds'),
  minutes: z.int().min(1).max(1380).default(120).describe('It is stopped after so many minutes'),
});

/** Not idempotent: a second build would find the first one's name taken, valid or not. */
export function createIndexConcurrentlyAction(workplace: Workplace): ProviderAction {
  const { estate, mask } = workplace;
  return action<typeof Input, 'record', CreateSeen>('create-index-concurrently', {
    title: 'Build an index while reads and writes go on',
    description:
      'Builds an index without a lock that reads or writes would wait for, and tells how far it is. A build that fails or is cancelled leaves nothing behind.',
    kind: 'write',
    risk: 'reversible',
    input: Input,
    output: 'record',
    timeoutSeconds: 83_400,
    examples: [
      { title: 'Index a column', input: { instance: 'pg1', database: 'shop', table: 'orders', column: ['customer_id'] } },
      {
        title: 'Index the newest open orders',
        input: { instance: 'pg1', database: 'shop', table: 'orders', column: ['created_at desc'], where: "state = 'open'" },
      },
    ],
    options: {
      instance: instanceOptions(workplace),
      database: databaseOptions(workplace),
      table: tableOptions(workplace),
      column: columnOptions(workplace),
      include: columnOptions(workplace),
    },
    plan: ({ input: { column, ...input }, environment }) =>
      refusing(async () => {
        const instance = await estate.find(environment, input.instance);
        return planCreate({ ...input, columns: column, instance, environment }, await mask());
      }),
    run: ({ input, seen, ...voice }) =>
      failing(async () => {
        const instance = await estate.find(voice.environment, input.instance);
        return runCreate({ ...input, instance, seen, mask: await mask(), voice });
      }),
    observe: ({ input, seen, environment, runId }) =>
      failing(async () => observeCreate({ instance: await estate.find(environment, input.instance), seen, environment }, runId)),
    undo: {
      action: 'drop-index-concurrently',
      input: ({ input, seen }) => ({ instance: input.instance, database: seen.database, index: `${seen.schema}.${seen.name}` }),
    },
  });
}
