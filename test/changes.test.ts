import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, createClient } from '@guichet/client';
import type { Change } from '@guichet/contract';
import { testDatabase } from '@guichet/postgres-server/testing';
import pg from 'pg';
import { afterEach, expect, test } from 'vitest';
import { startEvilProvider } from './support/evil-provider.ts';
import { COMPANY, startGateway, type TestGateway } from './support/gateway.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function open(options: Parameters<typeof startGateway>[0] = {}): Promise<TestGateway> {
  const gateway = await startGateway(options);
  closers.push(() => gateway.close());
  return gateway;
}

/** What a reader was told, and a way to wait until it is enough. */
class Reader {
  readonly changes: Change[] = [];
  readonly ended: Promise<unknown>;
  #told: () => void = () => {};

  constructor(client: Client) {
    const controller = new AbortController();
    closers.push(async () => controller.abort());
    this.ended = this.#read(client, controller.signal).catch((error: unknown) => error);
  }

  async #read(client: Client, signal: AbortSignal): Promise<void> {
    for await (const change of client.changes({ signal })) {
      this.changes.push(change);
      this.#told();
    }
  }

  async until(wish: (changes: readonly Change[]) => boolean): Promise<this> {
    while (!wish(this.changes))
      await new Promise<void>((resolve) => {
        this.#told = resolve;
      });
    return this;
  }

  has(wished: Change): Promise<this> {
    return this.until((changes) => changes.some((change) => JSON.stringify(change) === JSON.stringify(wished)));
  }

  get requests(): Change[] {
    return this.changes.filter(({ kind }) => kind === 'requests');
  }
}

async function reader(gateway: TestGateway, principal: string): Promise<Reader> {
  const made = new Reader(createClient({ baseUrl: gateway.app.url, token: await gateway.token(principal) }));
  return made.until((changes) => changes[0]?.kind === 'open');
}

test('whoever may see a request is told that it was filed, that it moves and how it ends; whoever may not is told nothing', async () => {
  await using database = await testDatabase();
  const gateway = await open({ databaseUrl: database.url });
  // News comes to the readers of every gateway.
  const other = await open({ databaseUrl: database.url });
  const readers = [await reader(gateway, 'user:amine'), await reader(other, 'user:amine')];
  const machine = await reader(gateway, 'machine:ci-checkout');
  const { body } = await gateway.submit('nadia', { action: 'lab.destroy', reason: 'as the test asks' });
  for (const each of readers) await each.has({ id: body.id, state: 'awaiting_approval', kind: 'requests' });
  await gateway.call('amine', 'POST', `/v1/requests/${body.id}/approve`, { body: {} });
  for (const each of readers) await each.has({ id: body.id, state: 'succeeded', kind: 'requests' });
  expect(machine.requests).toEqual([]);
});

test('a run that only logs is no news', async () => {
  const gateway = await open();
  const watching = await reader(gateway, 'user:amine');
  const { body } = await gateway.submit('nadia', { action: 'lab.change', reason: 'as the test asks' });
  await watching.has({ id: body.id, state: 'succeeded', kind: 'requests' });
  // Each state is told once at most, however many lines its run has logged.
  const states = watching.requests.map((change) => ('state' in change ? change.state : undefined));
  expect(states.length).toBeLessThanOrEqual(4);
});

test('what is offered, who there is and what the rules are: a change of each is told to everybody', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'guichet-changes-'));
  closers.push(() => rm(folder, { recursive: true }));
  const company = join(folder, 'company.yaml');
  await copyFile(COMPANY, company);
  const evil = await startEvilProvider();
  closers.push(() => evil.close());
  const gateway = await open({ config: { company, providers: [{ name: 'evil', url: evil.url }] } });
  const watching = await reader(gateway, 'user:nadia');
  await writeFile(company, `${await readFile(company, 'utf8')}  - { name: another, team: payments }\n`);
  await watching.has({ kind: 'company' });
  evil.manifest = undefined;
  await gateway.app.catalog.refresh();
  await watching.has({ kind: 'catalogue' });
});

test('a reader whose token was revoked is shown nothing more', async () => {
  const gateway = await open();
  const createdBy = { id: 'system', name: 'test' };
  const issued = await gateway.app.tokens.issue({
    name: 'to be revoked',
    principalId: 'user:amine',
    expiresInDays: 1,
    scope: {},
    createdBy,
  });
  const watching = new Reader(createClient({ baseUrl: gateway.app.url, token: issued.secret }));
  await watching.until((changes) => changes.length > 0);
  const db = new pg.Client({ connectionString: gateway.databaseUrl });
  await db.connect();
  closers.push(() => db.end());
  await db.query('update tokens set revoked_at = now() where id = $1', [issued.id]);
  // What is known of a reader may be some seconds old.
  const told = (): number => watching.requests.length;
  let before = -1;
  while (before !== told()) {
    before = told();
    const { body } = await gateway.submit('nadia', { action: 'lab.change', reason: 'as the test asks' });
    await gateway.until(body.id, 'succeeded');
    await Promise.race([watching.ended, watching.has({ id: body.id, state: 'succeeded', kind: 'requests' })]);
  }
  expect(await watching.ended).toMatchObject({ code: 'token.revoked' });
});
