import { expect, test } from 'vitest';
import { harness } from '../src/testing.ts';
import { openShop, shopProvider } from './shop-provider.ts';

test('runs a read and fills in defaults of input and output', async () => {
  const output = await harness(shopProvider(openShop())).read('list');
  expect(output).toEqual({
    kind: 'table',
    columns: [{ key: 'name', title: 'Name', type: 'text', wide: false }],
    rows: [{ name: 'apple', count: 3 }],
  });
});

test('plans a write, runs it with what the plan saw, and hears logs and progress', async () => {
  const shop = openShop();
  const h = harness(shopProvider(shop));
  const run = await h.run('items.sell', { item: 'apple', count: 2 });
  expect(run.plan).toMatchObject({
    summary: "Sell 2 of 'apple'",
    seen: { stock: 3 },
    effects: [],
    fingerprint: expect.stringMatching(/^sha256:/),
  });
  expect(run.output).toMatchObject({ kind: 'record', summary: 'sold' });
  expect(run.failure).toBeUndefined();
  expect(run.logs).toEqual(['taking it off the shelf']);
  expect(run.progress).toEqual([{ done: 1, total: 1 }]);
  expect(shop.stock.get('apple')).toBe(1);
  expect(await h.observe('items.sell', { item: 'apple' }, { runId: run.runId, seen: run.plan.seen })).toMatchObject({
    status: 'succeeded',
    output: { summary: 'had 3' },
  });
});

test('runs an older plan when told to, as the gateway does when the world has not moved', async () => {
  const shop = openShop();
  const h = harness(shopProvider(shop));
  const plan = await h.plan('items.sell', { item: 'apple' });
  shop.stock.set('apple', 10);
  await h.run('items.sell', { item: 'apple' }, { plan });
  expect(shop.stock.get('apple')).toBe(2);
});

test('gives the choices of a field, leaving out of the input what is not valid yet', async () => {
  const h = harness(shopProvider(openShop()));
  expect(await h.options('items.sell', 'item', { query: 'a' })).toEqual([{ value: 'apple' }]);
  expect(await h.options('items.sell', 'item', { query: 'b' })).toEqual([]);
  expect(await h.options('items.sell', 'item', { input: { count: 4 } })).toEqual([]);
  expect(await h.options('items.sell', 'item', { input: { count: 'four' } })).toEqual([{ value: 'apple' }]);
});

test('cancels a run through the signal', async () => {
  const shop = openShop();
  const cancel = new AbortController();
  const run = await harness(shopProvider(shop)).run(
    'items.sell',
    { item: 'apple', mood: 'wait' },
    {
      signal: cancel.signal,
      onMessage: (message) => message.type === 'log' && cancel.abort(),
    },
  );
  expect(run.failure).toEqual({ kind: 'cancelled', message: 'The run was cancelled before it had finished.' });
  expect(shop.aborted).toEqual([run.runId]);
});
