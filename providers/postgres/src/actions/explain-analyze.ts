import { action, type ProviderAction } from '@guichet/sdk';
import { z } from 'zod';
import { planAnalyze, runAnalyze } from '../explain/analyze.ts';
import { failing, refusing } from '../instance-error.ts';
import { DatabaseName, databaseOptions } from './database-field.ts';
import { InstanceName, instanceOptions } from './instance-field.ts';
import type { Workplace } from './workplace.ts';

const Input = z.strictObject({
  instance: InstanceName,
  database: DatabaseName.optional().describe('Where it runs; the first database of the instance when absent'),
  statement: z
    .string()
    .min(1)
    .max(20_000)
    .describe('One statement that reads or changes rows, with its values: SELECT, INSERT, UPDATE, DELETE ...'),
  seconds: z.int().min(1).max(300).default(30).describe('It is stopped after so many seconds'),
});

/**
 * Risky as a change is, for it holds the locks of one and costs what it costs; yet nothing of it lasts but numbers of
 * sequences. Idempotent: run twice, it has changed nothing twice.
 */
export function explainAnalyzeAction(workplace: Workplace): ProviderAction {
  const { estate, mask } = workplace;
  return action('explain-analyze', {
    title: 'Run a statement once to measure it, and roll it back',
    description:
      'EXPLAIN ANALYZE: runs the statement under a time limit, in a transaction that is rolled back, and shows its plan with the times, rows and blocks of each step. No row is shown. What a rollback does not take back is refused.',
    kind: 'write',
    risk: 'reversible',
    input: Input,
    output: 'tree',
    idempotent: true,
    timeoutSeconds: 330,
    examples: [
      {
        title: 'Measure a query',
        input: { instance: 'pg1', database: 'orders', statement: 'select count(*) from orders where customer = 42' },
      },
      {
        title: 'Measure an update, and undo it',
        input: { instance: 'pg1', database: 'orders', statement: "update customers set tier = 'gold' where id = 7", seconds: 5 },
      },
    ],
    options: { instance: instanceOptions(workplace), database: databaseOptions(workplace) },
    plan: ({ input, environment, signal }) =>
      refusing(async () => {
        const instance = await estate.find(environment, input.instance);
        return planAnalyze({ ...input, instance, environment, signal });
      }),
    run: ({ input, seen, environment, runId, signal }) =>
      failing(async () => {
        const instance = await estate.find(environment, input.instance);
        return runAnalyze({ ...input, instance, environment, database: seen.database, runId, mask: await mask(), signal });
      }),
    // Whatever became of it, it has changed nothing, and what it measured is lost.
    observe: () => ({ status: 'not_started' }),
  });
}
