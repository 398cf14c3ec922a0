import { type FieldError, GuichetError, type ManifestAction } from '@guichet/contract';
import { digestOf } from '@guichet/contract/digest';
import { expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { action, defineProvider, type ProviderAction } from '../src/index.ts';
import { openShop, shopProvider } from './shop-provider.ts';

const text = { kind: 'text', text: 'done' } as const;
const read = { title: 'Read', kind: 'read', risk: 'safe', output: 'text', run: () => text } as const;
const write = {
  title: 'Write',
  kind: 'write',
  risk: 'reversible',
  output: 'text',
  plan: () => ({ summary: 'Writes', resource: { type: 't', id: '1' }, seen: {} }),
  run: () => text,
} as const;
const empty = z.strictObject({});

function findings(...actions: ProviderAction[]): readonly FieldError[] {
  try {
    defineProvider({ name: 'p', title: 'P', version: '1', team: 't', actions });
    return [];
  } catch (error) {
    if (error instanceof GuichetError && error.code === 'config.invalid') return error.errors ?? [];
    throw error;
  }
}

/** What an author in plain JavaScript may write. */
function untyped(name: string, definition: unknown): ProviderAction {
  return { name, definition: definition as ProviderAction['definition'] };
}

test('describes each action in the manifest, with a JSON Schema whose defaults are not required', () => {
  const { manifest } = shopProvider(openShop());
  expect(manifest).toMatchObject({ protocol: 1, provider: 'shop', title: 'Shop', version: '1.2.3', team: 'sales' });
  expect(manifest.actions.map(({ name }) => name)).toEqual(['list', 'moody', 'items.sell']);
  expect(manifest.actions[2]).toMatchObject({
    kind: 'write',
    risk: 'reversible',
    approval: { team: 'sales', count: 1 },
    observable: true,
    idempotent: false,
    timeoutSeconds: 20,
    options: ['item'],
    input: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      properties: {
        item: { type: 'string', minLength: 1, description: 'Name of the item' },
        count: { type: 'integer', minimum: 1, default: 1 },
      },
      required: ['item'],
      additionalProperties: false,
    },
  });
  expect(Object.keys(manifest.actions[2]?.input['properties'] ?? {})).toEqual(['item', 'count', 'mood']);
  expect(JSON.stringify(manifest)).not.toContain(String(Number.MAX_SAFE_INTEGER));
});

test('the version of an action is the digest of its description, so it changes with any word of it', () => {
  const versionOf = (title: string) =>
    defineProvider({ name: 'p', title: 'P', version: '1', team: 't', actions: [action('a', { ...read, title, input: empty })] })
      .manifest.actions[0];
  const { version, ...rest } = versionOf('One') as ManifestAction; // the provider has one action
  expect(version).toBe(digestOf(rest));
  expect(versionOf('One')?.version).toBe(version);
  expect(versionOf('Two')?.version).not.toBe(version);
});

test('closes the input even when the author forgot to', () => {
  const { manifest } = defineProvider({
    name: 'p',
    title: 'P',
    version: '1',
    team: 't',
    actions: [action('a', { ...read, input: z.object({ x: z.string() }) })],
  });
  expect(manifest.actions[0]?.input).toMatchObject({ additionalProperties: false });
});

test('infers the input and what was seen', () => {
  action('a', {
    title: 'Write',
    kind: 'write',
    risk: 'reversible',
    output: 'text',
    input: z.strictObject({ pid: z.int(), force: z.boolean().default(false) }),
    plan: ({ input }) => {
      expectTypeOf(input).toEqualTypeOf<{ pid: number; force: boolean }>();
      return { summary: 's', resource: { type: 't', id: '1' }, seen: { startedAt: 'then' } };
    },
    run: ({ input, seen, runId }) => {
      expectTypeOf(input.force).toEqualTypeOf<boolean>();
      expectTypeOf(seen).toEqualTypeOf<{ startedAt: string }>();
      expectTypeOf(runId).toEqualTypeOf<string>();
      return text;
    },
    observe: ({ seen }) => {
      expectTypeOf(seen).toEqualTypeOf<{ startedAt: string }>();
      return { status: 'running' };
    },
    options: {
      pid: ({ input }) => {
        expectTypeOf(input).toEqualTypeOf<{ pid?: number; force?: boolean }>();
        return [{ value: 1 }];
      },
      // @ts-expect-error: the input has no such field
      colour: () => [],
    },
  });
  // @ts-expect-error: the output is not of the declared kind
  action('b', { ...read, input: empty, output: 'table' });
  // @ts-expect-error: a write needs a plan
  action('c', { ...write, input: empty, plan: undefined });
});

test.each<[string, ProviderAction[], string, RegExp]>([
  ['a name that is no name', [action('Delete Topic', { ...read, input: empty })], 'actions/Delete Topic', /lower-case/],
  [
    'two actions of one name',
    [action('a', { ...read, input: empty }), action('a', { ...read, input: empty })],
    'actions/a',
    /two actions/,
  ],
  ['a provider without actions', [], 'actions', /at least one/],
  ['a write without a plan', [untyped('a', { ...write, plan: undefined, input: empty })], 'actions/a/plan', /missing/],
  ['an action without a handler', [untyped('a', { ...read, run: undefined, input: empty })], 'actions/a/run', /missing/],
  [
    'a read with a plan',
    [untyped('a', { ...write, kind: 'read', risk: 'safe', input: empty })],
    'actions/a/plan',
    /is it a write/,
  ],
  ['a read that is risky', [untyped('a', { ...read, risk: 'destructive', input: empty })], 'actions/a/risk', /'safe'/],
  ['a kind that does not exist', [untyped('a', { ...read, kind: 'scan', input: empty })], 'actions/a/kind', /read/],
  ['an input that is no object', [untyped('a', { ...read, input: z.string() })], 'actions/a/input', /strictObject/],
  ['an input that takes anything', [action('a', { ...read, input: z.looseObject({}) })], 'actions/a/input', /does not name/],
  [
    'options for a field that is not there',
    [untyped('a', { ...read, input: empty, options: { pid: () => [] } })],
    'actions/a/options/pid',
    /no such field/,
  ],
  [
    'an example that is not valid',
    [untyped('a', { ...read, input: z.strictObject({ pid: z.int() }), examples: [{ title: 'x', input: { pid: 'x' } }] })],
    'actions/a/examples/0/input/pid',
    /expected/,
  ],
  [
    'an example with a field too many',
    [untyped('a', { ...read, input: empty, examples: [{ title: 'x', input: { y: 1 } }] })],
    'actions/a/examples/0/input',
    /y/,
  ],
  [
    'a date in the input',
    [action('a', { ...read, input: z.strictObject({ when: z.strictObject({ from: z.date().optional() }) }) })],
    'actions/a/input/when/from',
    /JSON Schema/,
  ],
  [
    'a number that JSON cannot carry, inside a list',
    [action('a', { ...read, input: z.strictObject({ list: z.array(z.bigint()) }) })],
    'actions/a/input/list/items',
    /JSON Schema/,
  ],
  [
    'an asynchronous check',
    [
      action('a', {
        ...read,
        input: z.strictObject({ x: z.string().refine(async () => true) }),
        examples: [{ title: 'x', input: { x: '' } }],
      }),
    ],
    'actions/a/examples/0/input',
    /asynchronous/,
  ],
  ['a time limit of nothing', [action('a', { ...read, input: empty, timeoutSeconds: 0 })], 'actions/a/timeoutSeconds', /1/],
  [
    'a team that is no team',
    [action('a', { ...write, input: empty, approval: { team: 'The Team' } })],
    'actions/a/approval/team',
    /lower-case/,
  ],
])('refuses %s, and says where', (_title, actions, field, message) => {
  expect(findings(...actions)).toContainEqual(expect.objectContaining({ field, message: expect.stringMatching(message) }));
});

test('tells everything that is wrong at once, and names the provider', () => {
  const define = () =>
    defineProvider({
      name: 'My Provider',
      title: '',
      version: '1',
      team: 'T',
      actions: [untyped('a', { ...write, plan: undefined, input: empty })],
    });
  expect(define).toThrow(/'My Provider' is not valid:\n {2}name: .*\n {2}team: .*\n {2}title: .*\n {2}actions\/a\/plan: /);
});
