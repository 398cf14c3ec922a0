import type { Problem, Request, RequestEvent } from '@guichet/contract';
import { testDatabase } from '@guichet/postgres-server/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { sql } from './support/beside.ts';
import { changedCompanies } from './support/changed-company.ts';
import { Flags, flagProvider } from './support/flag-provider.ts';
import { COMPANY, type Person, readEvents, SILENT, startGateway, type TestGateway } from './support/gateway.ts';

const flags = new Flags();
const mounted = [{ name: 'flags', endpoint: flagProvider(flags).endpoint({ logger: SILENT }) }];
let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ mounted });
});
afterAll(() => gateway.close());
afterEach(() => {
  flags.restoring = 'succeed';
  flags.planning = 'succeed';
  flags.saying = 'right';
});

let count = 0;
interface Asked {
  readonly name: string;
  readonly id: string;
}

/** Asks for a flag for an hour, as nadia. In staging nobody has to approve it; in production team 'payments' has. */
async function ask(at = gateway, { environment = 'staging', ...more }: Record<string, unknown> = {}): Promise<Asked> {
  count += 1;
  const name = `flag-${count}`;
  flags.values.set(name, 'old');
  const input = { name, value: 'new' };
  const { body, status } = await at.submit('nadia', {
    action: 'flags.set',
    environment,
    input,
    lastsSeconds: 3600,
    reason: 'to see',
    ...more,
  });
  expect(body.detail).toBeUndefined();
  expect(status).toBe(201);
  return { name, id: body.id };
}

/** The same, approved by amine where it has to be, and done. */
async function done(at = gateway, more: Record<string, unknown> = {}): Promise<Asked> {
  const asked = await ask(at, more);
  if (more['environment'] === 'production') await at.call('amine', 'POST', `/v1/requests/${asked.id}/approve`, { body: {} });
  await at.until(asked.id, 'succeeded');
  return asked;
}

const show = async (id: string, at = gateway): Promise<Request> =>
  (await at.call<Request>('sven', 'GET', `/v1/requests/${id}`)).body;
const post = (who: Person, id: string, command: string, body: Record<string, unknown> = {}, at = gateway) =>
  at.call<Request & Problem>(who, 'POST', `/v1/requests/${id}/${command}`, { body });
/** Lets the time of a request be over. */
const over = (id: string, at = gateway) =>
  sql(at.databaseUrl, 'update requests set undo_at = clock_timestamp(), undo_try_at = clock_timestamp() where number = $1', [
    id.replace('REQ-', ''),
  ]);
const until = async (id: string, state: NonNullable<Request['temporary']>['state'], at = gateway): Promise<Request> => {
  await expect.poll(async () => (await show(id, at)).temporary?.state, { timeout: 20_000 }).toBe(state);
  return show(id, at);
};
const told = async (id: string, at = gateway): Promise<RequestEvent[]> =>
  (await readEvents(at, id)).filter(({ type }) => type.startsWith('request.undo') || type === 'request.extended');
/** The request that the clock filed to undo it. */
async function undoOf(id: string, at = gateway): Promise<string> {
  let filed: string | undefined;
  await expect
    .poll(
      async () =>
        (filed = (await told(id, at)).findLast(({ type }) => type === 'request.undo_filed')?.data['undo'] as string | undefined),
      { timeout: 20_000 },
    )
    .toBeDefined();
  return filed ?? '';
}

describe('what is asked for a while', () => {
  test('says so in its plan, and runs from its success', async () => {
    const { id } = await done();
    const request = await show(id);
    expect(request.summary).toMatch(/^Sets 'flag-\d+' to 'new', undone after 1h00m$/);
    expect(request.plan.effects.at(-1)).toBe('1h00m after it has succeeded, flags.restore undoes it by itself.');
    expect(request.temporary).toMatchObject({ seconds: 3600, state: 'scheduled', message: null });
    const ran = Date.parse(request.run?.finishedAt ?? '');
    expect(Date.parse(request.temporary?.undoAt ?? '') - ran).toBe(3_600_000);
  });

  test('is undone when its time is over, by a request of the same person that refers to it, exactly once', async () => {
    const { id, name } = await done();
    await over(id);
    const request = await until(id, 'undone');
    expect(flags.values.get(name)).toBe('old');
    expect(flags.effects.filter((effect) => effect.startsWith(`${name}=`))).toEqual([`${name}=new`, `${name}=old`]);
    const undo = await show(request.undoneBy ?? '');
    expect(undo).toMatchObject({ undoOf: id, requester: { id: 'user:nadia' }, reason: `The time of ${id} is over: to see` });
    expect((await told(id)).map(({ type }) => type)).toEqual(['request.undo_scheduled', 'request.undo_filed', 'request.undone']);
  });

  test('takes the approvals of both, and its undo runs with them', async () => {
    const { id, name } = await done(gateway, { environment: 'production' });
    await over(id);
    const request = await until(id, 'undone');
    expect(flags.values.get(name)).toBe('old');
    const undo = await show(request.undoneBy ?? '');
    expect(undo.gates).toMatchObject([{ approvers: 'team:payments', approved: 1 }]);
    expect(undo.approvals).toMatchObject([{ by: { id: 'user:amine' }, reusedFrom: id }]);
  });

  test('has another digest than what is for good, or for longer', async () => {
    const ids = await Promise.all(
      [{}, { lastsSeconds: 7200 }, { lastsSeconds: undefined }].map(async (more) => {
        const body = {
          action: 'flags.set',
          environment: 'production',
          input: { name: 'same', value: 'x' },
          reason: 'to see',
          lastsSeconds: 3600,
          ...more,
        };
        return (await gateway.submit('nadia', body)).body.digest;
      }),
    );
    expect(new Set(ids).size).toBe(3);
  });

  test('needs an action that can be undone', async () => {
    const { status, body } = await gateway.submit('nadia', { action: 'flags.hoist', input: { name: 'blue' }, lastsSeconds: 60 });
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'input.invalid', errors: [{ field: '/lastsSeconds' }] });
    expect(body.remedy).toBe('flags.hoist names no action that undoes it. Leave it out, and undo by hand.');
  });

  test('is undone after an outage of all gateways too', async () => {
    const database = await testDatabase();
    const before = await startGateway({ mounted, databaseUrl: database.url });
    const { id, name } = await done(before);
    await before.close();
    await sql(database.url, `update requests set undo_at = now() - interval '2 days', undo_try_at = now() - interval '2 days'`);
    const after = await startGateway({ mounted, databaseUrl: database.url });
    await until(id, 'undone', after);
    expect(flags.values.get(name)).toBe('old');
    await after.close();
    await database.drop();
  });

  test('whose run left nothing to undo is held, and says so', async () => {
    flags.saying = 'nothing';
    const { id } = await done();
    expect((await until(id, 'held')).temporary?.message).toBe(
      'After 1h00m it should be undone, but nobody knows how. Its run left nothing that could be undone.',
    );
  });
});

describe('when its time is over', () => {
  test('and its approver has left the team, the undo waits for somebody else, and that is told', async () => {
    const database = await testDatabase();
    const before = await startGateway({ mounted, databaseUrl: database.url });
    const { id, name } = await done(before, { environment: 'production' });
    await before.close();
    await using companies = await changedCompanies(COMPANY);
    const company = await companies.with({ 'members: [amine, paula, nadia]': 'members: [paula, nadia]' });
    const after = await startGateway({ mounted, databaseUrl: database.url, config: { company } });
    await over(id, after);
    const held = await until(id, 'held', after);
    const undo = await undoOf(id, after);
    expect(held.temporary?.message).toBe(
      `${undo} undoes it, and waits for an approval of team 'payments': those given with it no longer count.`,
    );
    expect(flags.values.get(name)).toBe('new');
    await post('paula', undo, 'approve', {}, after);
    await until(id, 'undone', after);
    expect(flags.values.get(name)).toBe('old');
    await after.close();
    await database.drop();
  });

  test('and whoever asked for it has left the company, nothing runs silently: a person undoes it', async () => {
    const database = await testDatabase();
    const before = await startGateway({ mounted, databaseUrl: database.url });
    const { id, name } = await done(before);
    await before.close();
    await using companies = await changedCompanies(COMPANY);
    const company = await companies.with({
      '{ name: nadia, fullName': '{ name: someone, fullName',
      '[nadia, marta]': '[marta]',
      '[amine, paula, nadia]': '[amine, paula]',
    });
    const after = await startGateway({ mounted, databaseUrl: database.url, config: { company } });
    await over(id, after);
    expect((await until(id, 'held', after)).temporary?.message).toBe(
      'Nadia Benali, who asked for it, is no longer in the company.',
    );
    const listed = async (undo: string): Promise<string[]> =>
      (await after.call<{ items: Request[] }>('amine', 'GET', `/v1/requests?undo=${undo}`)).body.items.map((each) => each.id);
    expect([await listed('held'), await listed('scheduled'), await listed('possible')]).toEqual([[id], [], [id]]);
    const { body } = await post('amine', id, 'undo', { reason: 'she has left' }, after);
    await after.until(body.id, 'succeeded');
    await until(id, 'undone', after);
    expect([await listed('held'), await listed('possible')]).toEqual([[], []]);
    expect(flags.values.get(name)).toBe('old');
    await after.close();
    await database.drop();
  });

  test('and the provider refuses, it is held with the reason; a busy one is asked again', async () => {
    flags.planning = 'refuse';
    const refused = await done();
    await over(refused.id);
    expect((await until(refused.id, 'held')).temporary?.message).toBe(
      `It cannot be undone by itself: '${refused.name}' is frozen.`,
    );
    flags.planning = 'busy';
    const busy = await done();
    await over(busy.id);
    await expect.poll(async () => (await show(busy.id)).temporary?.message, { timeout: 20_000 }).toBe('The flags are busy.');
    flags.planning = 'succeed';
    await over(busy.id);
    await until(busy.id, 'undone');
  });

  test('an undo that fails is told, and tried again when its action may be repeated', async () => {
    flags.restoring = 'fail';
    const { id, name } = await done();
    await over(id);
    const first = await undoOf(id);
    await gateway.until(first, 'failed');
    await expect.poll(async () => (await told(id)).at(-1)?.type).toBe('request.undo_failed');
    expect((await told(id)).at(-1)?.data).toMatchObject({ undo: first, state: 'failed', againAt: expect.any(String) });
    expect((await show(id)).temporary?.state).toBe('scheduled');
    flags.restoring = 'succeed';
    await over(id);
    await until(id, 'undone');
    expect(flags.values.get(name)).toBe('old');
  });

  test('an undo that must not be repeated is held after its first failure', async () => {
    const once = await startGateway({
      mounted: [{ name: 'flags', endpoint: flagProvider(flags, { idempotent: false }).endpoint({ logger: SILENT }) }],
    });
    flags.restoring = 'fail';
    const { id } = await done(once);
    await over(id, once);
    const undo = await undoOf(id, once);
    const held = await until(id, 'held', once);
    expect(held.temporary?.message).toBe(`${undo}, which should have undone it, is failed: The flags cannot be written.`);
    expect((await told(id, once)).map(({ type }) => type).slice(-2)).toEqual(['request.undo_failed', 'request.undo_held']);
    await once.close();
  });

  test('whoever stands behind it keeps it by no means: neither the requester nor their team stops its undo for them', async () => {
    flags.restoring = 'wait';
    const { id, name } = await done();
    await over(id);
    const undo = await undoOf(id);
    await gateway.until(undo, 'running');
    const { body } = await post('nadia', undo, 'cancel', { comment: 'I like it' });
    expect(body).toMatchObject({
      code: 'policy.denied',
      detail: expect.stringContaining("Somebody else of team 'payments' can stop it."),
    });
    expect((await gateway.call<Request>('nadia', 'GET', `/v1/requests/${undo}`)).body.allowed).not.toContain('cancel');
    flags.restoring = 'succeed';
    await until(id, 'undone');
    expect(flags.values.get(name)).toBe('old');
  });

  test('somebody else of the owning team can stop its undo, and then a person has to undo it', async () => {
    flags.restoring = 'wait';
    const { id } = await done();
    await over(id);
    const undo = await undoOf(id);
    await gateway.until(undo, 'running');
    expect((await post('amine', undo, 'cancel', { comment: 'in use' })).status).toBe(200);
    expect((await until(id, 'held')).temporary?.message).toBe(`${undo}, which should have undone it, is cancelled.`);
  });

  test('a person who undoes it and still waits for approvals gives way to what was approved with it', async () => {
    const { id } = await done(gateway, { environment: 'production' });
    const early = await post('marta', id, 'undo', { reason: 'too early' });
    expect(early.body.state).toBe('awaiting_approval');
    await over(id);
    const request = await until(id, 'undone');
    expect(request.undoneBy).not.toBe(early.body.id);
    expect(await show(early.body.id)).toMatchObject({ state: 'void', failure: { code: 'request.undone' } });
  });
});

describe('before its time is over', () => {
  test('whoever asked for it ends it early with the approvals that it has, and nothing comes after', async () => {
    const { id, name } = await done(gateway, { environment: 'production' });
    const { body } = await post('nadia', id, 'undo');
    expect(body.state).toBe('queued');
    await until(id, 'undone');
    await over(id).then(() => sql(gateway.databaseUrl, `update requests set undo_try_at = null where undo_state = 'undone'`));
    expect(flags.effects.filter((effect) => effect === `${name}=old`)).toHaveLength(1);
  });

  test('an early undo that is taken back leaves the scheduled one in place', async () => {
    const { id } = await done(gateway, { environment: 'production' });
    const early = await post('marta', id, 'undo', { reason: 'too early' });
    await post('marta', early.body.id, 'withdraw');
    expect((await show(id)).temporary?.state).toBe('scheduled');
    await over(id);
    await until(id, 'undone');
  });

  test('it is extended by a request that takes the same approvals again', async () => {
    const { id } = await done(gateway, { environment: 'production' });
    const before = Date.parse((await show(id)).temporary?.undoAt ?? '');
    const { body, status } = await post('nadia', id, 'extend', { seconds: 1800, reason: 'not done yet' });
    expect(status).toBe(201);
    expect(body).toMatchObject({ state: 'awaiting_approval', extensionOf: id, gates: [{ approvers: 'team:payments' }] });
    expect(body.summary).toMatch(/^Keeps REQ-\d+ for 30m00s more: Sets/);
    expect(Date.parse((await show(id)).temporary?.undoAt ?? '')).toBe(before);
    await post('paula', body.id, 'approve');
    await gateway.until(body.id, 'succeeded');
    expect(Date.parse((await show(id)).temporary?.undoAt ?? '')).toBe(before + 1_800_000);
    expect((await told(id)).at(-1)).toMatchObject({ type: 'request.extended', data: { by: body.id } });
  });

  test('an extension that was approved for another end than there is now is void', async () => {
    const { id } = await done(gateway, { environment: 'production' });
    const [one, two] = await Promise.all([
      post('nadia', id, 'extend', { seconds: 1800, reason: 'not done yet' }),
      post('nadia', id, 'extend', { seconds: 1800, reason: 'not done yet' }),
    ]);
    await post('paula', one.body.id, 'approve');
    await gateway.until(one.body.id, 'succeeded');
    await post('paula', two.body.id, 'approve');
    expect((await gateway.until(two.body.id, 'void')).failure?.message).toBe(
      'Its end has been put off by another request since.',
    );
  });

  test('what is for good, has not begun or is undone is not extended', async () => {
    const extend = async (id: string) => (await post('nadia', id, 'extend', { seconds: 60, reason: 'to see' })).body;
    const { id: forGood } = await done(gateway, { lastsSeconds: undefined });
    expect(await extend(forGood)).toMatchObject({
      code: 'request.state_conflict',
      detail: `${forGood} was not asked for a while: it has no end that could be put off.`,
    });
    const { id: waits } = await ask(gateway, { environment: 'production' });
    expect((await extend(waits)).detail).toBe(`${waits} is awaiting approval: its time has not begun.`);
    const { id: undone } = await done();
    await over(undone);
    await until(undone, 'undone');
    expect((await extend(undone)).detail).toBe(`${undone} is undone already.`);
  });

  test('nobody but the requester and the owning team extends it', async () => {
    const { id } = await done();
    expect((await post('sven', id, 'extend', { seconds: 60, reason: 'to see' })).body.code).toBe('policy.denied');
    expect((await show(id)).allowed).not.toContain('extend');
  });
});
