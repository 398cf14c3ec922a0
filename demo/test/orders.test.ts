import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { harness } from '@guichet/sdk/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Holds, openHolds } from '../src/orders/holds.ts';
import { ordersProvider } from '../src/orders/provider.ts';
import { openRefundLedger, type RefundLedger } from '../src/orders/refund-ledger.ts';

let folder: string;
let ledger: RefundLedger;
let holds: Holds;
const path = () => join(folder, 'refunds.jsonl');
const orders = () => harness(ordersProvider({ refunds: ledger, holds }), { approvers: [{ id: 'user:omar', name: 'Omar' }] });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orders-'));
  ledger = await openRefundLedger(path());
  holds = await openHolds(join(folder, 'holds.jsonl'));
});
afterEach(async () => {
  await ledger.close();
  await holds.close();
  await rm(folder, { recursive: true });
});

async function reopen(): Promise<void> {
  await ledger.close();
  await holds.close();
  ledger = await openRefundLedger(path());
  holds = await openHolds(join(folder, 'holds.jsonl'));
}

test('says in words what a refund would do, and changes nothing', async () => {
  const plan = await orders().plan('refund', { order: 'A-1042', amount: 1250 });
  expect(plan).toMatchObject({
    summary: 'Refund 12.50 EUR of order A-1042 to Maya Lindqvist',
    effects: ['Of 49.90 EUR, 37.40 EUR stays paid.'],
    warnings: [],
    resource: { type: 'orders.order', id: 'A-1042', service: 'orders', owner: 'payments' },
  });
  expect(await readFile(path(), 'utf8')).toBe('');
});

test('refunds, writes who asked and who approved, and shows it in the list', async () => {
  const { output, runId } = await orders().run('refund', { order: 'A-1042', amount: 1250 });
  expect(output).toMatchObject({ kind: 'record', summary: 'Refunded 12.50 EUR of order A-1042 to Maya Lindqvist.' });
  expect(JSON.parse(await readFile(path(), 'utf8'))).toMatchObject({
    run: runId,
    environment: 'production',
    order: 'A-1042',
    amountCents: 1250,
    requestedBy: 'user:tester',
    approvedBy: ['user:omar'],
  });
  expect(await orders().read('list', { customer: 'MAYA' })).toMatchObject({
    rows: [{ order: 'A-1042', refunded: '12.50 EUR', state: 'partly refunded' }],
  });
});

test('keeps the refunds of one environment apart from those of another', async () => {
  await orders().run('refund', { order: 'A-1043', amount: 1250 });
  const staging = harness(ordersProvider({ refunds: ledger, holds }), { environment: 'staging' });
  expect(await staging.plan('refund', { order: 'A-1043', amount: 1250 })).toMatchObject({ warnings: [] });
});

test('another refund in between changes the fingerprint of the plan', async () => {
  const before = await orders().plan('refund', { order: 'A-1042', amount: 1250 });
  expect((await orders().plan('refund', { order: 'A-1042', amount: 1250 })).fingerprint).toBe(before.fingerprint);
  await orders().run('refund', { order: 'A-1042', amount: 100 });
  expect((await orders().plan('refund', { order: 'A-1042', amount: 1250 })).fingerprint).not.toBe(before.fingerprint);
});

test('does not refund on a plan that another refund has overtaken', async () => {
  const plan = await orders().plan('refund', { order: 'A-1042', amount: 4990 });
  await orders().run('refund', { order: 'A-1042', amount: 100 });
  const late = await orders().run('refund', { order: 'A-1042', amount: 4990 }, { plan });
  expect(late.failure).toMatchObject({ kind: 'permanent', message: expect.stringContaining('someone else') });
  expect(ledger.refunded('production', 'A-1042')).toBe(100);
});

test('of many refunds at once, only as many go through as the plan allows', async () => {
  const h = orders();
  const plan = await h.plan('refund', { order: 'A-1043', amount: 1250 });
  const runs = await Promise.all(Array.from({ length: 8 }, () => h.run('refund', { order: 'A-1043', amount: 1250 }, { plan })));
  expect(runs.filter((run) => run.output !== undefined)).toHaveLength(1);
  expect(ledger.refunded('production', 'A-1043')).toBe(1250);
});

test('a run that is repeated, by the same process or the next, refunds once', async () => {
  const first = await orders().run('refund', { order: 'A-1042', amount: 100 });
  const again = { plan: first.plan, runId: first.runId };
  const second = await orders().run('refund', { order: 'A-1042', amount: 100 }, again); // a harness of its own, so a provider that forgot
  expect(second.output).toEqual(first.output);
  await reopen();
  const third = await orders().run('refund', { order: 'A-1042', amount: 100 }, again);
  expect(third.output).toEqual(first.output);
  expect((await readFile(path(), 'utf8')).trim().split('\n')).toHaveLength(1);
});

test('observe says what became of a run, also after a restart', async () => {
  const input = { order: 'A-1042', amount: 100 };
  const { runId, output } = await orders().run('refund', input);
  await reopen();
  expect(await orders().observe('refund', input, { runId })).toEqual({ status: 'succeeded', output });
  expect(await orders().observe('refund', input, { runId: 'never' })).toEqual({ status: 'not_started' });
});

test('forgets the half line that a crash left, and goes on after it', async () => {
  const { runId } = await orders().run('refund', { order: 'A-1042', amount: 100 });
  await ledger.close();
  await appendFile(path(), '{"run":"torn","requ');
  ledger = await openRefundLedger(path());
  await orders().run('refund', { order: 'A-1042', amount: 50 });
  await reopen();
  expect(ledger.ofRun(runId)).toBeDefined();
  expect(ledger.ofRun('torn')).toBeUndefined();
  expect(ledger.refunded('production', 'A-1042')).toBe(150);
});

test('will not start on a ledger that it cannot read', async () => {
  await ledger.close();
  await appendFile(path(), 'not a refund\n');
  await expect(openRefundLedger(path())).rejects.toThrow(/refunds\.jsonl:1\. Restore the file/);
  await rm(path());
  ledger = await openRefundLedger(path());
});

test.each([
  [{ order: 'A-9999', amount: 1 }, 'action.refused', /There is no order/],
  [{ order: 'A-1043', amount: 1251 }, 'action.refused', /cannot be refunded by 12.51 EUR/],
  [{ order: '1042', amount: 1 }, 'input.invalid', /\/input\/order/],
  [{ order: 'A-1042', amount: 0 }, 'input.invalid', /\/input\/amount/],
  [{ order: 'A-1042', amount: 12.5 }, 'input.invalid', /\/input\/amount/],
  [{ order: 'A-1042', amount: 1, currency: 'EUR' }, 'input.invalid', /\/input\/currency/],
])('refuses to plan %j', async (input, code, message) => {
  await expect(orders().plan('refund', input)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
});

test('refuses to refund an order twice in full', async () => {
  await orders().run('refund', { order: 'A-1043', amount: 1250 });
  await expect(orders().plan('refund', { order: 'A-1043', amount: 1 })).rejects.toMatchObject({
    message: 'Order A-1043 is refunded in full.',
  });
});

test('offers the orders that can still be refunded', async () => {
  await orders().run('refund', { order: 'A-1043', amount: 1250 });
  const values = (await orders().options('refund', 'order')).map((choice) => choice.value);
  expect(values).toContain('A-1042');
  expect(values).not.toContain('A-1043');
  expect(await orders().options('refund', 'order', { query: 'maya' })).toEqual([
    { value: 'A-1042', label: 'A-1042 Maya Lindqvist', detail: '49.90 EUR can be refunded' },
  ]);
});

test('a hold is undone by a release of the same order, which only what is held takes', async () => {
  expect(ordersProvider({ refunds: ledger, holds }).manifest.actions.find(({ name }) => name === 'hold')?.undo).toBe('release');
  await expect(orders().plan('release', { order: 'A-1044' })).rejects.toMatchObject({ message: 'Order A-1044 is not held.' });
  const { undoInput } = await orders().run('hold', { order: 'A-1044' });
  expect(undoInput).toEqual({ order: 'A-1044' });
  expect(await orders().read('list', { customer: 'hanna' })).toMatchObject({ rows: [{ order: 'A-1044', state: 'held' }] });
  await expect(orders().plan('hold', { order: 'A-1044' })).rejects.toMatchObject({ message: 'Order A-1044 is held already.' });
  const values = (await orders().options('hold', 'order')).map((choice) => choice.value);
  expect(values).not.toContain('A-1044');
  await orders().run('release', undoInput ?? {});
  expect(await orders().read('list', { customer: 'hanna' })).toMatchObject({ rows: [{ order: 'A-1044', state: 'paid' }] });
});

test('a hold outlives the process, and says what became of its run and how it is undone', async () => {
  const input = { order: 'A-1044' };
  const { runId, output, plan } = await orders().run('hold', input);
  await reopen();
  expect(holds.held('production', 'A-1044')).toBe(true);
  expect(holds.held('staging', 'A-1044')).toBe(false);
  const observed = await orders().observe('hold', input, { runId, seen: plan.seen });
  expect(observed).toEqual({ status: 'succeeded', output, undoInput: input });
  expect((await orders().run('hold', input, { plan, runId })).output).toEqual(output);
  const late = await orders().run('hold', input, { plan });
  expect(late.failure).toMatchObject({ kind: 'permanent', message: expect.stringContaining('in the meantime') });
});
