import { SECRET_MARKER } from '@guichet/contract';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { action, defineProvider, secret } from '../src/index.ts';
import { callOf, collect } from './calls.ts';

const define = (input: z.ZodObject, more: Record<string, unknown> = {}) =>
  defineProvider({
    name: 'vault',
    title: 'Vault',
    version: '1',
    team: 'ops',
    actions: [
      action('put', {
        title: 'Put',
        kind: 'read',
        risk: 'safe',
        input,
        output: 'text',
        run: () => ({ kind: 'text', text: '' }),
        ...more,
      }),
    ],
  });
const schemaOf = (input: z.ZodObject) => define(input).manifest.actions[0]?.input['properties'];

test('a secret field says so in the manifest, whatever is added to it', () => {
  const marks = { type: 'string', writeOnly: true, format: 'password' };
  expect(
    schemaOf(
      z.strictObject({
        plain: secret(),
        long: secret().min(12).max(100),
        told: secret().describe('The password'),
        maybe: secret().optional(),
        some: z.array(secret()),
      }),
    ),
  ).toEqual({
    plain: marks,
    long: { ...marks, minLength: 12, maxLength: 100 },
    told: { ...marks, description: 'The password' },
    maybe: marks,
    some: { type: 'array', items: marks },
  });
});

test('no example shows a secret', () => {
  const input = z.strictObject({ user: z.string(), password: secret() });
  const provider = define(input, { examples: [{ title: 'One', input: { user: 'app', password: 'correct horse' } }] });
  expect(provider.manifest.actions[0]?.examples).toEqual([{ title: 'One', input: { user: 'app', password: SECRET_MARKER } }]);
  expect(JSON.stringify(provider.manifest)).not.toContain('correct horse');
});

test('a secret field offers no choices', () => {
  const options = { password: () => [{ value: 'hunter2' }] };
  expect(() => define(z.strictObject({ password: secret() }), { options })).toThrow(
    'actions/put/options/password: a secret field offers no choices',
  );
});

test('the log of the provider has no secret of a call, however it was written', async () => {
  const password = 'correct horse/battery';
  const logged: unknown[] = [];
  const keep = (fields: Record<string, unknown>, message: string): void => {
    const error = fields['err'] as Error; // what the SDK logs with a failure
    logged.push(message, error.message, error.stack, error.cause instanceof Error ? error.cause.message : undefined);
  };
  const provider = define(z.strictObject({ password: secret() }), {
    run: () => {
      throw new Error(`refused: postgres://app:${encodeURIComponent(password)}@db`, { cause: new Error(`password=${password}`) });
    },
  });
  const endpoint = provider.endpoint({ logger: { info: keep, warn: keep, error: keep } });
  await collect(endpoint.run(callOf(provider, 'run', 'put', { body: { input: { password } } })));
  expect(logged).toContain(`refused: postgres://app:${SECRET_MARKER}@db`);
  expect(logged).toContain(`password=${SECRET_MARKER}`);
  expect(JSON.stringify(logged)).not.toMatch(/battery/);
});
