import { action, type ProviderAction } from '@guichet/sdk';
import { z } from 'zod';
import { failing, refusing } from '../instance-error.ts';
import { planSql } from '../run-sql/plan-sql.ts';
import { runSql } from '../run-sql/run-sql.ts';
import { DatabaseName, databaseOptions } from './database-field.ts';
import { InstanceName, instanceOptions } from './instance-field.ts';
import type { Workplace } from './workplace.ts';

const Input = z.strictObject({
  instance: InstanceName,
  database: DatabaseName.optional().describe('Database to read; the first of the instance when absent'),
  sql: z.string().min(1).max(20_000).describe('One statement that reads: SELECT, WITH, VALUES, TABLE, SHOW or EXPLAIN'),
  limit: z.int().min(1).max(10_000).default(100).describe('Most rows'),
  seconds: z.int().min(1).max(300).default(30).describe('It is stopped after so many seconds'),
});

/**
 * A write in the sense of Guichet, though it writes nothing: only a write is planned, approved and kept as it was asked, and
 * whoever reads the rows of production is somebody to know of. Idempotent: to read twice is to read once.
 */
export function runSqlAction(workplace: Workplace): ProviderAction {
  const { estate } = workplace;
  return action('run-sql', {
    title: 'Run a read-only statement',
    description:
      'Runs one statement that only reads, with a limit of rows and of time. What it would cost stands in the plan. The statement is kept in the audit log as it is written; the rows are shown to whoever asked.',
    kind: 'write',
    risk: 'safe',
    input: Input,
    output: 'table',
    idempotent: true,
    timeoutSeconds: 330,
    examples: [
      {
        title: 'Look at some rows',
        input: { instance: 'pg1', database: 'shop', sql: "select id, state from orders where state = 'stuck' order by id" },
      },
      {
        title: 'Count what takes long to count',
        input: { instance: 'pg1', database: 'shop', sql: 'select state, count(*) from orders group by state', seconds: 120 },
      },
    ],
    options: { instance: instanceOptions(workplace), database: databaseOptions(workplace) },
    plan: ({ input, environment, signal }) =>
      refusing(async () => {
        const instance = await estate.find(environment, input.instance);
        return planSql({ ...input, instance, environment, signal });
      }),
    run: ({ input, seen, environment, runId, signal }) =>
      failing(async () => {
        const instance = await estate.find(environment, input.instance);
        return runSql({ ...input, instance, database: seen.database, runId, signal });
      }),
    // Whatever became of it, it has changed nothing, and its rows are lost.
    observe: () => ({ status: 'not_started' }),
  });
}
