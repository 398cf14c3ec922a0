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
      action('rows', {
        title: 'Show rows',
        kind: 'read',
        risk: 'safe',
        input: z.strictObject({ count: z.int().min(1).max(20_000).default(10_000) }),
        output: 'table',
        run: (context) => ({
          kind: 'table',
          columns: [
            { key: 'number', title: 'Number', type: 'number' },
            { key: 'name', title: 'Name', type: 'code' },
            { key: 'state', title: 'State', type: 'state' },
            { key: 'text', title: 'Text' },
          ],
          rows: Array.from({ length: context.input.count }, (_, number) => ({
            number,
            name: `thing-${number}`,
            state: number % 3 === 0 ? 'active' : 'idle',
            text: `what there is to say about thing number ${number}`,
          })),
        }),
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
      action('talk', {
        title: 'Say what time it is, again and again',
        kind: 'write',
        risk: 'reversible',
        input,
        output: 'record',
        plan: (context) => ({
          summary: `Talks about '${context.input.target}'`,
          resource: { type: 'noop.thing', id: context.input.target, owner: 'platform' },
          fingerprint: 'always',
        }),
        run: async (context) => {
          for (let line = 0; line < context.input.size; line++) {
            await new Promise((resolve) => setTimeout(resolve, 60 + 40 * Math.random()));
            context.log(String(nowMs()));
          }
          return { kind: 'record', summary: 'Done', fields: [] };
        },
      }),
      action('hang', {
        title: 'Begin, and never end',
        kind: 'write',
        risk: 'reversible',
        input,
        output: 'record',
        timeoutSeconds: 600,
        plan: (context) => ({
          summary: `Hangs on '${context.input.target}'`,
          resource: { type: 'noop.thing', id: context.input.target, owner: 'platform' },
          fingerprint: 'always',
        }),
        run: (context) => {
          onEntered({ target: context.input.target, at: nowMs() });
          return new Promise<never>(() => {});
        },
      }),
    ],
  }).endpoint();
}

/** A provider with as many actions as asked: a catalogue of the size that a company has. */
export function manyActions(count: number): ProviderEndpoint {
  const one = (index: number) =>
    action(`action-${index}`, {
      title: `Do thing number ${index}`,
      description: 'It does what its number says, carefully.',
      kind: 'read',
      risk: 'safe',
      input: z.strictObject({
        instance: z.string().describe('Where'),
        limit: z.int().default(10).describe('How many'),
        state: z.enum(['all', 'active', 'idle']).default('all'),
      }),
      output: 'text',
      examples: [{ title: 'Do it', input: { instance: 'pg1' } }],
      run: () => ({ kind: 'text', text: 'done' }),
    });
  return defineProvider({
    name: 'many',
    title: 'Many',
    version: '1.0.0',
    team: 'platform',
    actions: Array.from({ length: count }, (_, index) => one(index)),
  }).endpoint();
}
