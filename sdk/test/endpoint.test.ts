import { once } from 'node:events';
import { GuichetError, type ProviderCall, type RunMessage } from '@guichet/contract';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { action, defineProvider, memoryLedger } from '../src/index.ts';
import { jsonCopy } from '../src/json.ts';
import { callOf, collect, intentOf } from './calls.ts';
import { openShop, shopProvider } from './shop-provider.ts';

const silent = { info() {}, warn() {}, error() {} };
const sell = { input: { item: 'apple' }, seen: { stock: 3 } };

function shopEndpoint() {
  const shop = openShop();
  const provider = shopProvider(shop);
  return { shop, provider, endpoint: provider.endpoint({ logger: silent }) };
}

test('does not enter the handler of a run that is never read', async () => {
  const { shop, provider, endpoint } = shopEndpoint();
  const run = endpoint.run(callOf(provider, 'run', 'items.sell', { body: sell }))[Symbol.asyncIterator]();
  await run.return?.();
  expect(await run.next()).toEqual({ done: true, value: undefined });
  expect(shop.runs).toEqual([]);
});

test('does not enter the handler of a run that was cancelled on its way', async () => {
  const { shop, provider, endpoint } = shopEndpoint();
  const call = { ...callOf(provider, 'run', 'items.sell', { body: sell }), cancel: AbortSignal.abort() };
  expect(await collect(endpoint.run(call))).toMatchObject([{ type: 'failure', failure: { kind: 'cancelled' } }]);
  expect(shop.runs).toEqual([]);
});

test('does not begin a run whose caller has gone', async () => {
  const { shop, provider, endpoint } = shopEndpoint();
  const call = callOf(provider, 'run', 'items.sell', { body: sell, signal: AbortSignal.abort() });
  await expect(collect(endpoint.run(call))).rejects.toMatchObject({ code: 'provider.timeout' });
  expect(shop.runs).toEqual([]);
});

test('runs once under a second grant for the same run', async () => {
  const { shop, provider, endpoint } = shopEndpoint();
  const call = () => callOf(provider, 'run', 'items.sell', { body: sell, grant: { run: 'run-1' } });
  await collect(endpoint.run(call()));
  await expect(collect(endpoint.run(call()))).rejects.toMatchObject({ code: 'grant.used' });
  expect(shop.runs).toEqual(['run-1']);
});

test('a run that was observed as not started cannot come late', async () => {
  const { shop, provider, endpoint } = shopEndpoint();
  const names = { body: sell, grant: { run: 'run-1' } };
  const late = callOf(provider, 'run', 'items.sell', names);
  for (let times = 0; times < 2; times += 1) {
    expect(await endpoint.observe(callOf(provider, 'observe', 'items.sell', names))).toEqual({ status: 'not_started' });
  }
  await expect(collect(endpoint.run(late))).rejects.toMatchObject({ code: 'grant.used' });
  expect(shop.runs).toEqual([]);
});

test('observe says running while a handler is at work that nobody listens to and that does not stop', async () => {
  const entered = Promise.withResolvers<AbortSignal>();
  const open = Promise.withResolvers<void>();
  let effect = false;
  const stubborn = action('stubborn', {
    title: 'Stubborn',
    kind: 'write',
    risk: 'reversible',
    input: z.strictObject({}),
    output: 'text',
    plan: () => ({ summary: 's', resource: { type: 't', id: '1' }, seen: null }),
    run: async ({ signal }) => {
      entered.resolve(signal);
      await open.promise;
      effect = true;
      return { kind: 'text', text: 'done' };
    },
    observe: () => (effect ? { status: 'succeeded', output: { kind: 'text', text: 'done' } } : { status: 'not_started' }),
  });
  const provider = defineProvider({ name: 'p', title: 'P', version: '1', team: 't', actions: [stubborn] });
  const endpoint = provider.endpoint();
  const names = { body: { seen: null }, grant: { run: 'run-1' } };
  const closed = new AbortController();
  const reading = collect(endpoint.run(callOf(provider, 'run', 'stubborn', { ...names, signal: closed.signal })));
  const signal = await entered.promise;
  closed.abort();
  expect(await reading).toEqual([]);
  expect(signal.aborted).toBe(true);
  const observe = () => endpoint.observe(callOf(provider, 'observe', 'stubborn', names));
  expect(await observe()).toEqual({ status: 'running' });
  open.resolve();
  await new Promise(setImmediate);
  expect(await observe()).toMatchObject({ status: 'succeeded' });
});

test('nothing runs when the ledger cannot be written', async () => {
  const shop = openShop();
  const provider = shopProvider(shop);
  const logged: unknown[] = [];
  const ledger = { ...memoryLedger(), begin: () => Promise.reject(new Error('disk full at /var/secret')) };
  const endpoint = provider.endpoint({ ledger, logger: { ...silent, error: (fields) => logged.push(fields) } });
  const failed = collect(endpoint.run(callOf(provider, 'run', 'items.sell', { body: sell })));
  await expect(failed).rejects.toMatchObject({ code: 'action.unavailable', message: expect.not.stringContaining('secret') });
  expect(shop.runs).toEqual([]);
  expect(logged).toMatchObject([{ err: { message: 'disk full at /var/secret' } }]);
});

test('the cause of a failure goes to the log of the provider and not to the caller', async () => {
  const provider = shopProvider(openShop());
  const logged: Record<string, unknown>[] = [];
  const keep = (fields: Record<string, unknown>) => void logged.push(fields);
  const endpoint = provider.endpoint({ logger: { info: keep, warn: keep, error: keep } });
  for (const mood of ['throw', 'permanent']) {
    const body = { ...sell, input: { item: 'apple', mood } };
    const told = await collect(endpoint.run(callOf(provider, 'run', 'items.sell', { body, grant: { run: mood } })));
    expect(JSON.stringify(told)).not.toContain('hunter2');
  }
  expect(logged.map(({ err, run }) => [run, String(err)])).toEqual([
    ['throw', 'Error: password=hunter2'],
    ['permanent', 'Error: hunter2'],
  ]);
});

test('the handler cannot reach the objects of the gateway', async () => {
  const seenBy: unknown[] = [];
  const vandal = action('vandal', {
    title: 'Vandal',
    kind: 'write',
    risk: 'reversible',
    input: z.strictObject({ list: z.array(z.unknown()) }),
    output: 'text',
    plan: () => ({ summary: 's', resource: { type: 't', id: '1' }, seen: { a: [1] } }),
    run: ({ input, seen }) => {
      input.list.push('x');
      seen.a.push(2);
      seenBy.push(input, seen);
      return { kind: 'text', text: '' };
    },
  });
  const provider = defineProvider({ name: 'p', title: 'P', version: '1', team: 't', actions: [vandal] });
  const endpoint = provider.endpoint();
  const call: ProviderCall = callOf(provider, 'run', 'vandal', { body: { input: { list: [{}] }, seen: { a: [1] } } });
  await collect(endpoint.run(call));
  expect(seenBy).toEqual([{ list: [{}, 'x'] }, { a: [1, 2] }]);
  expect(call.body).toMatchObject({ input: { list: [{}] }, seen: { a: [1] } });
});

test('a plan may leave the fingerprint to what it saw, and must have one of the two', async () => {
  const make = (plan: object) =>
    defineProvider({
      name: 'p',
      title: 'P',
      version: '1',
      team: 't',
      actions: [
        action('a', {
          title: 'A',
          kind: 'write',
          risk: 'safe',
          input: z.strictObject({}),
          output: 'text',
          plan: () => ({ summary: 's', resource: { type: 't', id: '1' }, ...plan }),
          run: () => ({ kind: 'text', text: '' }),
        }),
      ],
    });
  const planned = (plan: object) => {
    const provider = make(plan);
    return provider.endpoint({ logger: silent }).plan(callOf(provider, 'plan', 'a'));
  };
  const [one, same, other] = await Promise.all([
    planned({ seen: { a: 1, b: 2 } }),
    planned({ seen: { b: 2, a: 1 } }),
    planned({ seen: { a: 2 } }),
  ]);
  expect(one.fingerprint).toBe(same.fingerprint);
  expect(one.fingerprint).not.toBe(other.fingerprint);
  expect(await planned({ fingerprint: 'mine', seen: 1 })).toMatchObject({ fingerprint: 'mine', seen: 1 });
  await expect(planned({})).rejects.toMatchObject({
    code: 'provider.protocol',
    message: expect.stringContaining('/fingerprint'),
  });
  await expect(planned({ seen: { at: new Date() } })).rejects.toMatchObject({
    code: 'provider.protocol',
    message: expect.stringContaining('/seen/at is a Date'),
  });
});

test('heartbeats come in process too, for the gateway watches both alike', async () => {
  const provider = shopProvider(openShop());
  const endpoint = provider.endpoint({ heartbeatSeconds: 0.01 });
  const cancel = new AbortController();
  const body = { ...sell, input: { item: 'apple', mood: 'wait' } };
  const call = { ...callOf(provider, 'run', 'items.sell', { body }), cancel: cancel.signal };
  const messages: RunMessage[] = [];
  for await (const message of endpoint.run(call)) {
    messages.push(message);
    if (messages.length === 3) cancel.abort();
  }
  expect(messages.map(({ type }) => type).slice(0, 3)).toEqual(['log', 'heartbeat', 'heartbeat']);
  expect(messages.at(-1)).toMatchObject({ type: 'failure', failure: { kind: 'cancelled' } });
});

test('answers at once when a plan is given up, even when its handler does not heed it', async () => {
  const stuck = action('stuck', {
    title: 'Stuck',
    kind: 'write',
    risk: 'safe',
    input: z.strictObject({}),
    output: 'text',
    plan: () => new Promise<never>(() => {}),
    run: () => ({ kind: 'text', text: '' }),
  });
  const provider = defineProvider({ name: 'p', title: 'P', version: '1', team: 't', actions: [stuck] });
  const given = new AbortController();
  const plan = provider.endpoint({ logger: silent }).plan(callOf(provider, 'plan', 'stuck', { signal: given.signal }));
  const armed = once(given.signal, 'abort');
  given.abort();
  await armed;
  await expect(plan).rejects.toBeInstanceOf(GuichetError);
});

test('the ledger in memory refuses what was used, and what is older than itself', async () => {
  let time = Date.parse('2026-11-21T09:00:00Z');
  const ledger = memoryLedger(() => time);
  const begin = (grant: string, seconds = 0) => ledger.begin(intentOf({ grant, issuedAt: new Date(time + seconds * 1000) }));
  expect(await begin('a')).toBe(true);
  expect(await begin('a')).toBe(false);
  expect(await begin('b', -1)).toBe(false);
  const burst = await Promise.all(Array.from({ length: 20 }, () => begin('c')));
  expect(burst.filter(Boolean)).toHaveLength(1);
  time += 301_000;
  for (let grant = 0; grant < 1_024; grant += 1) await begin(`later-${grant}`);
  expect(await begin('a')).toBe(true); // forgotten: its grant has expired, and is refused before
});

test('a copy is what the wire would make of it, or an error that says where', () => {
  const value = { a: [1, null, { b: 'é' }], gone: undefined, zero: -0, nothing: Object.create(null) };
  expect(jsonCopy(value)).toStrictEqual(JSON.parse(JSON.stringify(value)));
  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  const bad: [unknown, RegExp][] = [
    [{ a: [new Date(0)] }, /\/a\/0 is a Date/],
    [{ a: Number.NaN }, /\/a is NaN/],
    [{ 'a/b': new Map() }, /\/a~1b is a Map/],
    [[undefined], /\/0 is undefined/],
    [{ f: () => {} }, /\/f is a function/],
    [10n, /the value is a bigint/],
    [cycle, /nested more than 64 levels deep/],
    [JSON.parse('{"__proto__":1}'), /__proto__/],
  ];
  for (const [broken, message] of bad) expect(() => jsonCopy(broken)).toThrow(message);
});
