import { action, type ProviderAction } from '@guichet/sdk';
import { z } from 'zod';
import { adviceOn, explain, notesOnForgotten } from '../blocking-advice.ts';
import { blockingTree, GID, sceneOf } from '../blocking-tree.ts';
import { refusing } from '../instance-error.ts';
import { readLockWaits, readPrepared } from '../lock-waits.ts';
import { readSessions } from '../sessions.ts';
import { InstanceName, instanceOptions } from './instance-field.ts';
import type { Workplace } from './workplace.ts';

export function blockingAction(workplace: Workplace): ProviderAction {
  const { estate, mask } = workplace;
  return action('blocking', {
    title: 'Show who blocks whom',
    description:
      'The sessions that hold others up, as trees: who blocks without waiting is a root, who waits is under whom it waits on. Says which single step frees most.',
    kind: 'read',
    risk: 'safe',
    input: z.strictObject({
      instance: InstanceName,
      explain: z.boolean().default(false).describe('Say in words what happens, and what each step would free'),
    }),
    output: 'tree',
    timeoutSeconds: 30,
    examples: [
      { title: 'Find who holds the others up', input: { instance: 'pg1' } },
      { title: 'Have it told in words', input: { instance: 'pg1', explain: true } },
    ],
    options: { instance: instanceOptions(workplace) },
    run: ({ input, environment }) =>
      refusing(async () => {
        const instance = await estate.find(environment, input.instance);
        const sessions = await readSessions(instance, await mask());
        const prepared = await readPrepared(instance);
        const empty = `Nobody waits for a lock on '${instance.name}'.`;
        if (sessions.every(({ blockedBy }) => blockedBy.length === 0))
          return { kind: 'tree', roots: [], notes: notesOnForgotten(prepared.values()), empty };
        const scene = sceneOf(sessions, { waits: await readLockWaits(instance), prepared });
        const { roots, hidden } = blockingTree(scene);
        const place = { instance: instance.name, environment };
        const notes = [...(input.explain ? explain(scene, place) : []), ...adviceOn(scene, place)];
        const idle = [...prepared.values()].filter(({ gid }) => scene.graph.waitersOn(`${GID}${gid}`).size === 0);
        notes.push(...notesOnForgotten(idle));
        if (hidden > 0) notes.push(`${hidden} more branches are not shown.`);
        return { kind: 'tree', roots, notes, empty };
      }),
  });
}
