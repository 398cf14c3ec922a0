import type { Choice } from '@guichet/contract';
import { formatBytes } from '@guichet/contract';
import { action, type ProviderAction } from '@guichet/sdk';
import { z } from 'zod';
import { type DropSeen, planDrop } from '../indexes/plan-drop.ts';
import { observeDrop, runDrop } from '../indexes/run-drop.ts';
import { droppableIndexes } from '../indexes/table-indexes.ts';
import { failing, refusing } from '../instance-error.ts';
import { matchesFuzzily } from '../nearest.ts';
import { counted } from '../words.ts';
import { DatabaseName, databaseOptions } from './database-field.ts';
import { InstanceName, instanceOptions } from './instance-field.ts';
import type { Workplace } from './workplace.ts';

const Input = z.strictObject({
  instance: InstanceName,
  database: DatabaseName.optional().describe('Database of the index; the first of the instance when absent'),
  index: z.string().min(1).max(140).describe('Name of the index, with its schema where there are several'),
  waitSeconds: z.int().min(1).max(3000).default(600).describe('It waits for another transaction to end for so long, in seconds'),
});

/** Reversible: no row is lost, and it can be built again. Idempotent: what is gone is not dropped twice, for it is bound to it. */
export function dropIndexConcurrentlyAction(workplace: Workplace): ProviderAction {
  const { estate, mask } = workplace;
  return action<typeof Input, 'record', DropSeen>('drop-index-concurrently', {
    title: 'Drop an index while reads and writes go on',
    description:
      'Drops an index without a lock that reads or writes would wait for. The plan says how often it is used. Indexes of constraints are refused.',
    kind: 'write',
    risk: 'reversible',
    input: Input,
    output: 'record',
    idempotent: true,
    timeoutSeconds: 3600,
    examples: [
      { title: 'Drop an index that nobody uses', input: { instance: 'pg1', database: 'shop', index: 'orders_note_idx' } },
    ],
    options: {
      instance: instanceOptions(workplace),
      database: databaseOptions(workplace),
      index: ({ input, environment, query }) =>
        refusing(async (): Promise<Choice[]> => {
          if (input.instance === undefined) return []; // there is nothing to choose from yet
          const instance = await estate.find(environment, input.instance);
          const database = input.database ?? instance.settings.databases[0] ?? 'postgres';
          const indexes = await droppableIndexes({ instance, database });
          return indexes
            .filter(({ schema, name }) => matchesFuzzily(query, `${schema}.${name}`))
            .slice(0, 200)
            .map(({ schema, name, size, scans, valid, table }) => ({
              value: `${schema}.${name}`,
              detail: [table, formatBytes(size), valid ? counted(scans, 'scan') : 'not valid'].join(', '),
            }));
        }),
    },
    plan: ({ input, environment }) =>
      refusing(async () =>
        planDrop({ ...input, instance: await estate.find(environment, input.instance), environment }, await mask()),
      ),
    run: ({ input, seen, ...voice }) =>
      failing(async () => {
        const instance = await estate.find(voice.environment, input.instance);
        return runDrop({ ...input, instance, seen, mask: await mask(), voice });
      }),
    observe: ({ input, seen, environment, runId }) =>
      failing(async () => observeDrop({ instance: await estate.find(environment, input.instance), seen }, runId)),
  });
}
