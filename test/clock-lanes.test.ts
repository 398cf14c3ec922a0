import type { Request } from '@guichet/contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sql } from './support/beside.ts';
import { Flags, flagProvider } from './support/flag-provider.ts';
import { SILENT, startGateway, type TestGateway } from './support/gateway.ts';

const hanging = new Flags();
const well = new Flags();
let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({
    mounted: [
      { name: 'flags', endpoint: flagProvider(hanging).endpoint({ logger: SILENT }) },
      { name: 'toggles', endpoint: flagProvider(well, { called: 'toggles' }).endpoint({ logger: SILENT }) },
    ],
  });
});
afterAll(() => gateway.close());

async function done(action: string, name: string): Promise<string> {
  const { body } = await gateway.submit('nadia', { action, input: { name, value: 'new' }, lastsSeconds: 3600, reason: 'to see' });
  await gateway.until(body.id, 'succeeded');
  return body.id.replace('REQ-', '');
}

test('undos that a provider does not plan delay none of another provider', async () => {
  const late = [await done('flags.set', 'one'), await done('flags.set', 'two'), await done('flags.set', 'three')];
  const next = await done('toggles.set', 'four');
  hanging.planning = 'wait';
  const asked = hanging.waiting();
  // Those that hang are due for longer.
  await sql(
    gateway.databaseUrl,
    `update requests set undo_at = now(), undo_try_at = now() - interval '1 hour' where number = any ($1)`,
    [late],
  );
  await asked;
  await sql(gateway.databaseUrl, 'update requests set undo_at = now(), undo_try_at = now() where number = $1', [next]);
  const show = async (number: string) =>
    (await gateway.call<Request>('sven', 'GET', `/v1/requests/REQ-${number}`)).body.temporary;
  await expect.poll(async () => (await show(next))?.state, { timeout: 20_000 }).toBe('undone');
  expect((await show(late[2] ?? ''))?.state).toBe('scheduled');
  hanging.planning = 'succeed';
});
