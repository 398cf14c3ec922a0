import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Problem, Request } from '@guichet/contract';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { sql } from './support/beside.ts';
import { Flags, flagProvider } from './support/flag-provider.ts';
import { type Person, SILENT, startGateway, type TestGateway } from './support/gateway.ts';
import { receiver } from './support/receiver.ts';

const flags = new Flags();
const mounted = [{ name: 'flags', endpoint: flagProvider(flags).endpoint({ logger: SILENT }) }];
const hook = receiver();
let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({
    mounted,
    env: { HOOK_SECRET: 'a secret of the receiver' },
    config: { webhooks: [{ name: 'chat', url: await hook.url, secretFromEnv: 'HOOK_SECRET' }] },
  });
});
afterAll(async () => {
  await gateway.close();
  await hook.close();
});
afterEach(() => {
  flags.planning = 'succeed';
});

let count = 0;
const post = (who: Person, id: string, command: string, body: Record<string, unknown> = {}, at = gateway) =>
  at.call<Request & Problem>(who, 'POST', `/v1/requests/${id}/${command}`, { body });
const show = async (id: string): Promise<Request> => (await gateway.call<Request>('sven', 'GET', `/v1/requests/${id}`)).body;

/** A flag of nadia's for an hour; in production amine, of team 'payments' as she is, approves it. */
async function done(environment = 'staging'): Promise<string> {
  count += 1;
  const input = { name: `flag-${count}`, value: 'new' };
  const asked = { action: 'flags.set', environment, input, lastsSeconds: 3600, reason: 'to see' };
  const { body } = await gateway.submit('nadia', asked);
  if (environment === 'production') await post('amine', body.id, 'approve');
  await gateway.until(body.id, 'succeeded');
  return body.id;
}

const over = (id: string) =>
  sql(gateway.databaseUrl, 'update requests set undo_at = clock_timestamp(), undo_try_at = clock_timestamp() where number = $1', [
    id.replace('REQ-', ''),
  ]);

test('what is put off while the clock asks its provider stays so, whatever the provider says', async () => {
  const id = await done();
  const refusedAfter = await done();
  flags.planning = 'wait';
  const asked = flags.waiting();
  await over(id);
  await asked;
  const { body } = await post('nadia', id, 'extend', { seconds: 1800, reason: 'not done yet' });
  await gateway.until(body.id, 'succeeded');
  flags.planning = 'refuse';
  // The clock goes on only when it has written down what became of the first one.
  await over(refusedAfter);
  await expect.poll(async () => (await show(refusedAfter)).temporary?.state, { timeout: 20_000 }).toBe('held');
  expect((await show(id)).temporary).toMatchObject({ state: 'scheduled', message: null });
});

test('whoever has it approves no extension of it, though somebody else files that', async () => {
  const id = await done('production');
  const { body } = await post('amine', id, 'extend', { seconds: 1800, reason: 'she needs it' });
  expect(body.state).toBe('awaiting_approval');
  expect((await post('nadia', body.id, 'approve')).body.code).toBe('approval.own_request');
  await post('paula', body.id, 'approve');
  await gateway.until(body.id, 'succeeded');
});

test('what whoever has it may not have any more is not extended, though whoever files that might have it', async () => {
  const [id, other] = [await done('production'), await done('production')];
  const waiting = await post('amine', id, 'extend', { seconds: 1800, reason: 'she needs it' });
  const folder = await mkdtemp(join(tmpdir(), 'guichet-policies-'));
  await writeFile(
    join(folder, 'base.cedar'),
    `@id("everything") permit (principal, action, resource);
     @id("nadia-is-on-leave") @reason("Nadia is on leave") forbid (principal == User::"nadia", action in Action::"write", resource);`,
  );
  const after = await startGateway({ mounted, databaseUrl: gateway.databaseUrl, config: { policies: folder } });
  const refused = await post('amine', other, 'extend', { seconds: 1800, reason: 'she needs it' }, after);
  expect(refused.body).toMatchObject({ code: 'policy.denied', detail: 'Of Nadia Benali, who has it: Nadia is on leave.' });
  expect((await post('paula', waiting.body.id, 'approve', {}, after)).body.code).toBe('request.state_conflict');
  expect((await show(waiting.body.id)).state).toBe('void');
  await after.close();
  await rm(folder, { recursive: true });
});

const PAYMENTS = ['Amine Diallo', 'Nadia Benali', 'Paula Costa'].map((name) => expect.objectContaining({ name }));

test('those who subscribed are told of it, with whom it concerns', async () => {
  const id = await done();
  const { body } = await post('nadia', id, 'extend', { seconds: 1800, reason: 'not done yet' });
  await gateway.until(body.id, 'succeeded');
  await expect
    .poll(async () => (await hook.heard(id, 1)).map(({ event }) => event.type), { timeout: 20_000 })
    .toContain('request.extended');
  expect((await hook.heard(id, 1)).find(({ event }) => event.type === 'request.extended')?.event).toMatchObject({
    actor: null,
    data: { by: body.id, concerns: ['user:nadia', 'team:payments'], people: PAYMENTS },
  });
});

test('those who subscribed are told of a schedule too, and of whom it concerns by name', async () => {
  const schedule = { name: 'nightly', cron: '0 3 1 1 *', action: 'flags.set', environment: 'staging', reason: 'keeps it tidy' };
  const input = { name: 'flag-1', value: 'night' };
  await gateway.call('nadia', 'POST', '/v1/schedules', { body: { ...schedule, input } });
  // Nine hours late: it is not made up for.
  const late = `update schedules set next_at = clock_timestamp() - interval '9 hours' where name = 'nightly'`;
  await sql(gateway.databaseUrl, late, []);
  const heard = await hook.heard('nightly', 2);
  expect(heard.map(({ event }) => event.type).sort()).toEqual(['schedule.created', 'schedule.missed']);
  expect(heard.find(({ event }) => event.type === 'schedule.missed')).toMatchObject({
    event: {
      actor: null,
      data: {
        count: 1,
        concerns: ['user:nadia', 'team:platform'],
        people: [{ name: 'Nadia Benali' }, { name: 'Sven Lindqvist' }],
      },
    },
    schedule: { name: 'nightly', action: 'flags.set', environment: 'staging', owner: { id: 'user:nadia', name: 'Nadia Benali' } },
  });
});
