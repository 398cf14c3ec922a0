import { digestOf } from '@guichet/contract/digest';
import { action, type ProviderAction } from '@guichet/sdk';
import { z } from 'zod';
import { failing, refusing } from '../instance-error.ts';
import { makerNamed, makerOf, SeenReplica } from '../replica/choose-maker.ts';
import { InstanceName, instanceOptions } from './instance-field.ts';
import type { Workplace } from './workplace.ts';

const LIMIT_SECONDS = 2 * 3600;

const Input = z.strictObject({
  instance: InstanceName.describe('Name of the read replica'),
});

/**
 * Destructive: no data is lost, but whoever reads there now is cut off. Idempotent: it is bound to the replica that was seen,
 * not to its name, so a second run finds it gone and takes no other. Its undo makes the replica anew, from its source.
 */
export function deleteReadReplicaAction(workplace: Workplace): ProviderAction {
  const { estate, replicaMakers } = workplace;
  return action('delete-read-replica', {
    title: 'Delete a read replica',
    description: 'Deletes a replica for good. Its source, and other replicas of it, stay as they are. A primary is refused.',
    kind: 'write',
    risk: 'destructive',
    input: Input,
    output: 'record',
    idempotent: true,
    timeoutSeconds: LIMIT_SECONDS,
    examples: [{ title: 'Delete the replica for reports', input: { instance: 'pg1-flow' } }],
    options: {
      instance: instanceOptions(workplace, (instance) => replicaMakers[instance.settings.kind]?.isReplica(instance) === true),
    },
    plan: ({ input, environment, caller, signal }) =>
      refusing(async () => {
        const replica = await estate.find(environment, input.instance);
        const maker = makerOf(replica, replicaMakers);
        const { effects, warnings, seen, rests, again } = await maker.planDelete({ replica, environment, caller, signal });
        const { kind, owner } = replica.settings;
        return {
          summary: `Delete the read replica '${replica.name}'`,
          effects: [...effects],
          warnings: [...warnings],
          resource: { type: 'postgres.instance', id: replica.name, owner },
          fingerprint: digestOf({ kind, name: replica.name, rests }),
          seen: { kind, name: replica.name, detail: seen, ...(again && { again: { ...again } }) } satisfies SeenReplica,
        };
      }),
    run: ({ seen, ...work }) =>
      failing(async () => {
        const { kind, detail } = SeenReplica.parse(seen);
        return makerNamed(kind, replicaMakers).delete({ ...work, seen: detail });
      }),
    observe: ({ seen, ...lost }) =>
      failing(async () => {
        const { kind, detail } = SeenReplica.parse(seen);
        return makerNamed(kind, replicaMakers).observeDelete({ ...lost, seen: detail });
      }),
    undo: {
      action: 'create-read-replica',
      input: ({ seen }) => SeenReplica.parse(seen).again,
    },
  });
}
