import { readFile } from 'node:fs/promises';
import {
  CallBody,
  canonicalJson,
  ERRORS,
  GrantClaims,
  isErrorCode,
  Manifest,
  Observation,
  Plan,
  Problem,
  RunMessage,
  TunnelFromProvider,
  TunnelToProvider,
} from '@guichet/contract';
import { digestOf } from '@guichet/contract/digest';
import { InspectFooter, PublicProtocol } from 'paseto';
import { ImportPublicKeyFactory, VerifyFactory } from 'paseto/v4/public';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { checkGrant, checkGrantBody } from '../src/grant-check.ts';
import { signGrant } from '../src/grants.ts';

const spec = await readFile(new URL('../../docs/spec/provider-protocol.md', import.meta.url), 'utf8');
const Vector = z.strictObject({
  seed: z.string(),
  secret: z.string(),
  paserk: z.templateLiteral(['k4.public.', z.string()]),
  kid: z.string(),
  body: CallBody,
  canonicalBody: z.string(),
  claims: GrantClaims,
  token: z.string(),
});
const written = JSON.parse(/```json test-vector\n([\s\S]*?)```/.exec(spec)?.[1] ?? '');
const vector = Vector.parse(written);
const target = { provider: 'orders', phase: 'run', action: 'refund' } as const;

/** Every JSON example of the page that stands in a block of its own. */
function examples(): unknown[] {
  return [...spec.matchAll(/```json\n([\s\S]*?)```/g)].map(([, text = '']) => JSON.parse(text));
}

/** Every JSON document that stands as code in a table. */
function inTables(): unknown[] {
  return [...spec.matchAll(/^\| `(\{.*?\})` \|/gm)].map(([, text = '']) => JSON.parse(text.replaceAll('{…}', 'null')));
}

test('the test vector has the canonical body and the digest that it says', () => {
  expect(canonicalJson(vector.body)).toBe(vector.canonicalBody);
  expect(digestOf(vector.body)).toBe(vector.claims.body);
  // As written on the page, where the members are in another order than in the canonical form.
  const bytes = JSON.stringify(written.body);
  expect(spec.includes(`Content-Length: ${Buffer.byteLength(bytes)}\n\n${bytes}\n`)).toBe(true);
  expect(bytes).not.toBe(vector.canonicalBody);
});

test('the test vector is signed as it says', async () => {
  const v4 = new PublicProtocol(VerifyFactory, ImportPublicKeyFactory);
  const { claims, footer } = await v4.Verify(await v4.ImportPublicKey(vector.paserk), vector.token, {
    now: new Date('2026-11-21T09:00:30Z'),
  });
  expect(claims).toEqual(vector.claims);
  expect(Buffer.from(footer).toString()).toBe(JSON.stringify({ kid: vector.kid }));
  expect(Buffer.from(InspectFooter(vector.token)).toString()).toBe(Buffer.from(footer).toString());
  expect(await signGrant(vector, vector.claims)).toBe(vector.token);
  const pair = Buffer.from(vector.secret.slice('k4.secret.'.length), 'base64url').toString('hex');
  expect(pair).toBe(vector.seed + Buffer.from(vector.paserk.slice('k4.public.'.length), 'base64url').toString('hex'));
});

test('the test vector is accepted and refused at the times that the page gives', () => {
  expect(() => checkGrantBody(vector.claims, vector.body)).not.toThrow();
  for (const time of ['2026-11-21T08:59:55Z', '2026-11-21T09:00:30Z', '2026-11-21T09:01:05Z']) {
    expect(() => checkGrant(vector.claims, target, Date.parse(time))).not.toThrow();
  }
  for (const time of ['2026-11-21T08:59:54.999Z', '2026-11-21T09:01:05.001Z']) {
    expect(() => checkGrant(vector.claims, target, Date.parse(time))).toThrow(/grant/);
  }
});

test('the examples of the page are what the contract says', () => {
  const [manifest, plan, problem, ...more] = examples();
  expect(more).toEqual([]);
  expect(Manifest.parse(manifest)).toEqual(manifest);
  expect(Plan.parse(plan)).toEqual(plan);
  expect(Problem.parse(problem)).toEqual(problem);
});

test('the messages and observations in the tables are those of the contract', () => {
  const found = inTables();
  const types = (schema: { readonly options: readonly z.ZodObject[] }, key: string) =>
    schema.options
      .map((option) => Object.entries(option.shape).find(([name]) => name === key)?.[1])
      .map((literal) => (literal instanceof z.ZodLiteral ? literal.value : undefined));
  const shown = (key: string) =>
    found.flatMap((example) =>
      typeof example === 'object' && example !== null && key in example ? [Reflect.get(example, key)] : [],
    );
  const tunnel = [TunnelToProvider, TunnelFromProvider].flatMap((schema) => types(schema, 'type'));
  const told = shown('type');
  expect(told.slice(0, RunMessage.options.length)).toEqual(types(RunMessage, 'type'));
  expect(told.slice(RunMessage.options.length).sort()).toEqual(tunnel.sort());
  expect(shown('status')).toEqual(types(Observation, 'status'));
});

test('the canonical form on the page is that of the contract', () => {
  expect(canonicalJson(JSON.parse('{"b":1.0,"a":"é"}'))).toBe('{"a":"é","b":1}');
  expect(spec).toContain('`{"a":"é","b":1}`');
});

test('the codes on the page have the status of the error table', () => {
  const rows = [...spec.matchAll(/^\| `([a-z_.]+)` \| (\d{3}) \|/gm)].map(([, code = '', status]) => ({
    code,
    status: Number(status),
  }));
  expect(rows.length).toBeGreaterThan(15);
  for (const { code, status } of rows)
    expect({ code, status }).toEqual({ code, status: isErrorCode(code) ? ERRORS[code].status : 'no such code' });
});
