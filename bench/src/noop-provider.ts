import type { ProviderEndpoint } from '@guichet/contract';
import { action, defineProvider } from '@guichet/sdk';
import { z } from 'zod';
import { nowMs } from './statistics.ts';

const input = z.strictObject({ target: z.string(), size: z.int().default(1) });

/** Actions that do nothing, so that what is measured is Guichet. `onEntered` is told when a run enters its handler. */
export function noopEndpoint(onEntered: (entry: { target: string; at: number }) => void): ProviderEndpoint {
  return defineProvider({
    name: 'noop',
    title: 'Nothing',
    version: '1.0.0',
    team: 'platform',
    actions: [
      action('look', {
        title: 'Look',
        kind: 'read',
        risk: 'safe',
        input,
        output: 'text',
        run: () => ({ kind: 'text', text: 'nothing' }),
      }),
      action('change', {
        title: 'Change',
        kind: 'write',
        risk: 'reversible',
        input,
        output: 'record',
        plan: (context) => ({
          summary: `Changes '${context.input.target}'`,
          resource: { type: 'noop.thing', id: context.input.target, owner: 'platform' },
          fingerprint: 'always',
        }),
        run: (context) => {
          onEntered({ target: context.input.target, at: nowMs() });
          return { kind: 'record', summary: 'Done', fields: [] };
        },
      }),
    ],
  }).endpoint();
}
