import { action, type ProviderAction } from '@guichet/sdk';
import { z } from 'zod';
import { failing, refusing } from '../instance-error.ts';
import { planVacuum, type VacuumSeen } from '../vacuum/plan-vacuum.ts';
import { observeVacuum, runVacuum } from '../vacuum/run-vacuum.ts';
import { DatabaseName, databaseOptions } from './database-field.ts';
import { InstanceName, instanceOptions } from './instance-field.ts';
import { TableName, tableOptions } from './table-field.ts';
import type { Workplace } from './workplace.ts';

const Input = z.strictObject({
  instance: InstanceName,
  database: DatabaseName.optional().describe('Database of the table; the first of the instance when absent'),
  table: TableName,
  freeze: z.boolean().default(false).describe('Freeze every row: takes the table far from wraparound, and writes more'),
  fast: z.boolean().default(false).describe('Without the pauses that autovacuum makes'),
  minutes: z.int().min(1).max(1380).default(60).describe('It is stopped after so many minutes'),
});

/** Idempotent: vacuum again finds less to do. VACUUM FULL is not offered, for it locks the table and writes it anew. */
export function vacuumAnalyzeAction(workplace: Workplace): ProviderAction {
  const { estate, mask } = workplace;
  return action<typeof Input, 'record', VacuumSeen>('vacuum-analyze', {
    title: 'Vacuum and analyze a table',
    description:
      'Frees the room of dead rows and renews the statistics of a table, while reads and writes go on. It takes no lock that they would wait for.',
    kind: 'write',
    risk: 'safe',
    input: Input,
    output: 'record',
    idempotent: true,
    timeoutSeconds: 83_000,
    examples: [
      { title: 'Clean a table up', input: { instance: 'pg1', database: 'shop', table: 'orders' } },
      {
        title: 'Freeze a table that is old',
        input: { instance: 'pg1', database: 'shop', table: 'orders', freeze: true, minutes: 600 },
      },
    ],
    options: { instance: instanceOptions(workplace), database: databaseOptions(workplace), table: tableOptions(workplace) },
    plan: ({ input, environment }) =>
      refusing(async () =>
        planVacuum({ ...input, instance: await estate.find(environment, input.instance), environment }, await mask()),
      ),
    run: ({ input, seen, ...voice }) =>
      failing(async () => {
        const instance = await estate.find(voice.environment, input.instance);
        return runVacuum({ ...input, instance, seen, mask: await mask(), voice });
      }),
    observe: ({ input, seen, environment, runId }) =>
      failing(async () => observeVacuum({ instance: await estate.find(environment, input.instance), seen, environment }, runId)),
  });
}
