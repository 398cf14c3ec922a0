import { digestOf } from '@guichet/contract/digest';
import { action, type ProviderAction, refuse } from '@guichet/sdk';
import { z } from 'zod';
import { failing, refusing } from '../instance-error.ts';
import { makerNamed, makerOf, SeenReplica } from '../replica/choose-maker.ts';
import { ReplicaSuffix } from '../replica/replica-suffix.ts';
import { InstanceName, instanceOptions } from './instance-field.ts';
import type { Workplace } from './workplace.ts';

/** A replica of a large server is made in hours. */
const LIMIT_SECONDS = 12 * 3600;

const Input = z.strictObject({
  sourceInstance: InstanceName.describe('Name of the PostgreSQL instance to replicate'),
  replicaSuffix: ReplicaSuffix.describe('What comes after the name of the source: flow makes SOURCE-flow'),
  instanceType: z
    .string()
    .min(1)
    .max(60)
    .optional()
    .describe('Class of the machine on RDS, e.g. db.r5.2xlarge; the one of the source when absent'),
});

/**
 * Reversible: deleting the replica brings back what was. Idempotent: the plan makes an id that what is made carries, so a second
 * run of the same request goes on with it.
 */
export function createReadReplicaAction(workplace: Workplace): ProviderAction {
  const { estate, replicaMakers } = workplace;
  return action('create-read-replica', {
    title: 'Create a read replica',
    description:
      'Makes a replica of an instance that follows it and can be read, named after both. With --for it is deleted when the time is over.',
    kind: 'write',
    risk: 'reversible',
    input: Input,
    output: 'record',
    idempotent: true,
    timeoutSeconds: LIMIT_SECONDS,
    examples: [
      {
        title: 'A replica for reports',
        input: { sourceInstance: 'pg1', replicaSuffix: 'flow', instanceType: 'db.r5.2xlarge' },
      },
    ],
    options: {
      sourceInstance: instanceOptions(workplace),
      instanceType: ({ input, query, environment, signal }) =>
        refusing(async () => {
          if (input.sourceInstance === undefined) return []; // there is nothing to choose from yet
          const source = await estate.find(environment, input.sourceInstance);
          return (await replicaMakers[source.settings.kind]?.instanceTypes?.(source, { query, signal })) ?? [];
        }),
    },
    plan: ({ input, environment, caller, signal }) =>
      refusing(async () => {
        const source = await estate.find(environment, input.sourceInstance);
        const maker = makerOf(source, replicaMakers);
        const name = `${source.name}-${input.replicaSuffix}`;
        if (name.length > 63) {
          refuse(`The name '${name}' would have ${name.length} characters; 63 are allowed.`, {
            remedy: 'Take a shorter --replica-suffix.',
          });
        }
        const { instanceType } = input;
        const { effects, warnings, seen, rests } = await maker.planCreate({
          source,
          name,
          environment,
          instanceType,
          caller,
          signal,
        });
        const { kind, owner } = source.settings;
        return {
          summary: `Create the read replica '${name}' of '${source.name}'`,
          effects: [...effects],
          warnings: [...warnings],
          resource: { type: 'postgres.instance', id: source.name, owner },
          fingerprint: digestOf({ kind, source: source.name, name, rests }),
          seen: { kind, name, source: source.name, detail: seen } satisfies SeenReplica,
        };
      }),
    run: ({ seen, ...work }) =>
      failing(async () => {
        const { kind, detail } = SeenReplica.parse(seen);
        return makerNamed(kind, replicaMakers).create({ ...work, seen: detail });
      }),
    observe: ({ seen, ...lost }) =>
      failing(async () => {
        const { kind, detail } = SeenReplica.parse(seen);
        return makerNamed(kind, replicaMakers).observeCreate({ ...lost, seen: detail });
      }),
    undo: {
      action: 'delete-read-replica',
      input: ({ seen }) => ({ instance: SeenReplica.parse(seen).name }),
    },
  });
}
