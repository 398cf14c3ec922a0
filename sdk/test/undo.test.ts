import { type FieldError, GuichetError } from '@guichet/contract';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { action, defineProvider, type ProviderAction, secret } from '../src/index.ts';
import { harness } from '../src/testing.ts';

const name = z.string();
const done = { kind: 'text', text: 'done' } as const;
const describe = (summary: string) => ({ summary, resource: { type: 'lamp', id: '1' } });

const off = action('off', {
  title: 'Switch a lamp off',
  kind: 'write',
  risk: 'safe',
  input: z.strictObject({ name, because: z.string().default('it was off') }),
  output: 'text',
  plan: () => ({ ...describe('off'), seen: {} }),
  run: () => done,
});

const lamp = (undo: (name: string) => Record<string, unknown> | undefined) =>
  action('on', {
    title: 'Switch a lamp on',
    kind: 'write',
    risk: 'safe',
    input: z.strictObject({ name }),
    output: 'text',
    plan: () => ({ ...describe('on'), seen: { was: 'off' } }),
    run: () => done,
    observe: () => ({ status: 'succeeded', output: done }),
    undo: {
      action: 'off',
      input: ({ input, seen, output }) => (seen.was === 'off' && output.text === 'done' ? undo(input.name) : undefined),
    },
  });

const house = (...actions: ProviderAction[]) =>
  defineProvider({ name: 'house', title: 'House', version: '1', team: 'home', actions });

function findings(...actions: ProviderAction[]): readonly FieldError[] {
  try {
    house(...actions);
    return [];
  } catch (error) {
    if (error instanceof GuichetError) return error.errors ?? [];
    throw error;
  }
}

test('says in the manifest what undoes an action, and with the result how this run is undone', async () => {
  const provider = house(
    lamp((lamp) => ({ name: lamp })),
    off,
  );
  expect(provider.manifest.actions.map(({ undo }) => undo)).toEqual(['off', undefined]);
  const run = await harness(provider).run('on', { name: 'hall' });
  expect(run.undoInput).toEqual({ name: 'hall' });
  const { runId, plan } = run;
  const observed = await harness(provider).observe('on', { name: 'hall' }, { runId, seen: plan.seen });
  expect(observed).toMatchObject({ status: 'succeeded', undoInput: { name: 'hall' } });
});

test.each([
  ['says that there is nothing to undo', () => undefined],
  ['gives an input that the undo action does not take', () => ({ lamp: 1 })],
  [
    'fails',
    () => {
      throw new Error('nobody foresaw this');
    },
  ],
])('a run whose undo %s has succeeded without one', async (_, undo) => {
  const { output, failure, undoInput } = await harness(house(lamp(undo), off)).run('on', { name: 'hall' });
  expect({ output, failure, undoInput }).toEqual({ output: done, failure: undefined, undoInput: undefined });
});

test('an undo names a write of the same provider, without secret fields', () => {
  const at = (text: string) => [{ field: 'actions/on/undo', message: text }];
  const on = lamp(() => undefined);
  expect(findings(on)).toEqual(at("there is no action 'off' in this provider"));
  const read = action('off', {
    title: 'Off',
    kind: 'read',
    risk: 'safe',
    input: z.strictObject({}),
    output: 'text',
    run: () => done,
  });
  expect(findings(on, read)).toEqual(at("'off' is a read: it undoes nothing"));
  const secretly = action('off', {
    title: 'Off',
    kind: 'write',
    risk: 'safe',
    input: z.strictObject({ code: secret() }),
    output: 'text',
    plan: () => ({ ...describe('off'), seen: {} }),
    run: () => done,
  });
  expect(findings(on, secretly)).toEqual(at("'off' has secret fields, and what undoes a run is kept and shown"));
});
