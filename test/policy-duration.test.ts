import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PolicyExplained, Problem, Request } from '@guichet/contract';
import { type TestDatabase, testDatabase } from '@guichet/postgres-server/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sql } from './support/beside.ts';
import { Flags, flagProvider } from './support/flag-provider.ts';
import { readEvents, SILENT, startGateway, type TestGateway } from './support/gateway.ts';

const flags = new Flags();
const mounted = [{ name: 'flags', endpoint: flagProvider(flags).endpoint({ logger: SILENT }) }];
const policies = new URL('./support/duration-policies', import.meta.url).pathname;
const HOUR = 3600;
let database: TestDatabase;
let gateway: TestGateway;
beforeAll(async () => {
  database = await testDatabase();
  gateway = await startGateway({ mounted, databaseUrl: database.url, config: { policies } });
});
afterAll(async () => {
  await gateway.close();
  await database.drop();
});

let count = 0;
/** Asks for a flag as nadia; undefined is for good. */
async function ask(lastsSeconds: number | undefined, environment = 'staging'): Promise<Request & Problem> {
  count += 1;
  flags.values.set(`flag-${count}`, 'old');
  const input = { name: `flag-${count}`, value: 'new' };
  const more = lastsSeconds === undefined ? {} : { lastsSeconds };
  return (await gateway.submit('nadia', { action: 'flags.set', environment, input, reason: 'to see', ...more })).body;
}
const extend = async (id: string, seconds: number): Promise<Request & Problem> =>
  (
    await gateway.call<Request & Problem>('nadia', 'POST', `/v1/requests/${id}/extend`, {
      body: { seconds, reason: 'some more' },
    })
  ).body;

describe('a rule about how long something is for', () => {
  test('denies more than its limit, and lets what undoes it and what is for good', async () => {
    expect(await ask(4 * HOUR + 1)).toMatchObject({
      code: 'policy.denied',
      detail: expect.stringContaining('Nothing is lent for more than four hours'),
    });
    const { id } = await ask(4 * HOUR);
    await gateway.until(id, 'succeeded');
    await gateway.until((await ask(undefined)).id, 'succeeded');
  });

  test('may ask that something has an end', async () => {
    expect((await ask(undefined, 'production')).code).toBe('policy.denied');
    await gateway.until((await ask(HOUR, 'production')).id, 'succeeded');
  });

  test('is not passed in pieces: an extension counts from the beginning', async () => {
    const { id } = await ask(3 * HOUR);
    await gateway.until(id, 'succeeded');
    expect((await extend(id, 2 * HOUR)).code).toBe('policy.denied');
    await gateway.until((await extend(id, HOUR)).id, 'succeeded');
    expect((await extend(id, 1)).code).toBe('policy.denied');
  });

  test('is explained', async () => {
    const explain = async (lastsSeconds: number): Promise<string> => {
      const body = { action: 'flags.set', environment: 'staging', lastsSeconds };
      return (await gateway.call<PolicyExplained>('nadia', 'POST', '/v1/policy/explain', { body })).body.decision.effect;
    };
    expect([await explain(HOUR), await explain(5 * HOUR)]).toEqual(['permit', 'deny']);
  });
});

test('an end that a rule forbids by then does not come by itself: it is told, and a person has to see to it', async () => {
  const { id } = await ask(HOUR);
  await gateway.until(id, 'succeeded');
  const folder = await mkdtemp(join(tmpdir(), 'guichet-policies-'));
  await writeFile(
    join(folder, 'rules.cedar'),
    `@id("all") permit (principal, action, resource);
     @id("nothing-is-put-back") @reason("Flags stay as they are this week")
     forbid (principal, action == Action::"flags.restore", resource);`,
  );
  await gateway.close();
  const stricter = await startGateway({ mounted, databaseUrl: database.url, config: { policies: folder } });
  gateway = stricter;
  const due = 'update requests set undo_at = clock_timestamp(), undo_try_at = clock_timestamp() where number = $1';
  await sql(stricter.databaseUrl, due, [id.replace('REQ-', '')]);
  const shown = async () => (await stricter.call<Request>('sven', 'GET', `/v1/requests/${id}`)).body;
  await expect.poll(async () => (await shown()).temporary?.state, { timeout: 20_000 }).toBe('held');
  expect((await shown()).temporary?.message).toBe('It cannot be undone by itself: Flags stay as they are this week.');
  expect((await readEvents(stricter, id)).map(({ type }) => type)).toContain('request.undo_held');
  expect(flags.values.get(`flag-${count}`)).toBe('new');
  // Nor is what could not be undone asked for in the first place.
  expect((await ask(HOUR)).detail).toContain('Of what undoes it: Flags stay as they are this week');
  await rm(folder, { recursive: true, force: true });
});
