import { once } from 'node:events';
import { chmod, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AuditEvent, Request } from '@guichet/contract';
import { createPostgresProvider } from '@guichet/provider-postgres';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CommandLine, commandLine, type Started, waitFor } from './support/command-line.ts';
import { SILENT, startGateway, type TestGateway } from './support/gateway.ts';
import { type OrdersServer, startOrdersServer } from './support/orders-server.ts';

const PSQL = new URL('./support/psql-program.ts', import.meta.url).pathname;
const PATIENT = { timeout: 20_000 };

let orders: OrdersServer;
let provider: ReturnType<typeof createPostgresProvider>;
let gateway: TestGateway;
let cli: CommandLine;
/** A folder with a psql in it. */
let bin: string;

/** A server, the provider for it, a gateway, and the real command line in processes of its own. */
beforeAll(async () => {
  orders = await startOrdersServer();
  // What it is, the provider checks.
  provider = createPostgresProvider({ instances: [orders.instance as never] });
  gateway = await startGateway({ mounted: [{ name: 'postgres', endpoint: provider.endpoint({ logger: SILENT }) }] });
  cli = await commandLine();
  await signedIn('nadia');
  bin = join(cli.folder, 'bin');
  await mkdir(bin);
  await writeFile(join(bin, 'psql'), `#!/bin/sh\nexec '${process.execPath}' '${PSQL}'\n`);
  await chmod(join(bin, 'psql'), 0o755);
});
afterAll(async () => {
  await cli.close();
  await gateway.close();
  await provider.close();
  await orders[Symbol.asyncDispose]();
});

async function signedIn(person: 'nadia' | 'sven'): Promise<void> {
  const profile = { gateway: gateway.app.url, token: await gateway.token(`user:${person}`), principal: `user:${person}` };
  await writeFile(cli.config, JSON.stringify({ current: person, profiles: { [person]: profile } }), { mode: 0o600 });
}

const CONNECT = 'postgres connect --instance pg1 --database orders --env staging'.split(' ');
const withPsql = () => ({ PATH: `${bin}:${process.env['PATH']}` });
const requestIn = (said: string): string => /REQ-\d+/.exec(said)?.[0] ?? '';
const addressIn = (said: string): string => /^\s*(postgres:\/\/\S+)$/m.exec(said)?.[1] ?? '';

/** Without psql: resolves when there is an address. */
async function connected(...flags: string[]): Promise<Started & { readonly address: string; readonly id: string }> {
  const started = cli.start([...CONNECT, '--no-open', ...flags]);
  await waitFor(() => addressIn(started.said()) !== '', started.said);
  return { ...started, address: addressIn(started.said()), id: requestIn(started.said()) };
}

async function client(address: string): Promise<pg.Client & { readonly fatal: string[] }> {
  const made = Object.assign(new pg.Client({ connectionString: address }), { fatal: [] as string[] });
  made.on('error', (error) => made.fatal.push(error.message));
  await made.connect();
  return made;
}

async function statements(id: string): Promise<unknown[]> {
  const { body } = await gateway.call<{ items: AuditEvent[] }>('sven', 'GET', `/v1/audit?request=${id}&limit=200`);
  return body.items
    .filter(({ type }) => type === 'tunnel.statement')
    .map(({ data }) => data['summary'])
    .reverse();
}

const gone = () => expect.poll(() => orders.leases(), PATIENT).toEqual([]);

test('opens psql, records what it sends, leaves with its exit code, and leaves nothing behind', async () => {
  const temporary = join(cli.folder, 'temporary');
  await mkdir(temporary);
  const { child, finished, said } = cli.start(CONNECT, { ...withPsql(), TMPDIR: temporary }, { input: 'pipe' });
  child.stdin?.write("select name from customers where id = 7 and name <> 'canary'\n");
  await waitFor(() => said().includes('Customer 7'), said);
  const id = requestIn(said());
  const [folder = ''] = await readdir(temporary);
  expect((await stat(join(temporary, folder))).mode & 0o777).toBe(0o700); // of nobody else
  expect(await orders.leases()).toEqual([`guichet_lease_${id.toLowerCase().replace('-', '_')}`]);
  child.stdin?.write("update customers set name = ''\n");
  await waitFor(() => said().includes('read-only transaction'), said);
  child.stdin?.write('\\exit 3\n');
  expect(await finished).toMatchObject({ code: 3 });
  expect(said()).toContain(`Connected to orders on pg1 until `);
  expect(said()).toContain(`guichet requests extend ${id} --for 1h`);
  await gone();
  expect(await statements(id)).toEqual([
    'select name from customers where id = ? and name <> ?',
    'update customers set name = ?',
  ]);
  expect(await readdir(temporary)).toEqual([]);
});

test('gives an address to any client, which only who has its password comes in by', async () => {
  const { child, finished, said, address } = await connected();
  expect(said()).toContain('Any client takes this address.');
  const db = await client(address);
  expect((await db.query('select count(*)::int as count from customers')).rows).toEqual([{ count: 100 }]);
  await expect(client(address.replace(/:[^:@]+@/, ':guess@'))).rejects.toThrow('This is not the password of this connection.');
  await expect(client(address.replace(/\/orders$/, '/postgres'))).rejects.toThrow(/orders/);
  child.kill('SIGINT');
  expect((await finished).code).toBe(0);
  expect(said()).toContain('Closed.');
  await expect.poll(() => db.fatal.length, PATIENT).toBeGreaterThan(0);
  await gone();
});

test('is ended by somebody else in the middle of its work, and says so', async () => {
  const { finished, said, address, id } = await connected();
  const db = await client(address);
  const slow = db.query('select pg_sleep(60)').catch((error: Error) => error.message);
  await expect.poll(() => statements(id), PATIENT).toHaveLength(1);
  const { body } = await gateway.call<Request>('sven', 'POST', `/v1/requests/${id}/undo`, { body: { reason: 'an incident' } });
  expect((await finished).code).toBe(0);
  expect(said()).toContain(`${id} was ended by Sven Lindqvist (${body.id}).`);
  expect(await slow).toMatch(/was ended by Sven|terminat|closed|unexpectedly/);
  await gone();
  // Nothing is left to connect to.
  const again = await cli.run(['requests', 'connect', id, '--no-open']);
  expect(again).toMatchObject({ code: 6 });
  expect(again.stderr).toContain(`${id} is over: ${body.id} has undone it.`);
});

test('goes on in another command, and is longer there when it is extended', async () => {
  const first = await connected('--for', '10m');
  const second = cli.start(['requests', 'connect', first.id, '--no-open', '-o', 'json']);
  await waitFor(() => second.said().includes('"until"'), second.said);
  first.child.kill('SIGINT');
  await first.finished;
  const extended = await cli.run(['requests', 'extend', first.id, '--for', '30m']);
  expect(extended, extended.stderr).toMatchObject({ code: 0 });
  await waitFor(() => second.said().includes('It lasts until '), second.said);
  second.child.kill('SIGINT');
  const { stdout } = await second.finished;
  expect(JSON.parse(stdout)).toMatchObject({ request: first.id, host: '127.0.0.1', user: 'guichet', database: 'orders' });
  await gone();
});

test('lasts no longer than its action allows', async () => {
  const refused = await cli.run([...CONNECT, '--no-open', '--for', '30d']);
  expect(refused).toMatchObject({ code: 2 });
  expect(refused.stderr).toContain('--for is more than');
  const help = await cli.run(['postgres', 'connect', '--help']);
  expect(help.stdout.replaceAll(/\s+/g, ' ')).toMatch(/How long it lasts: 1h00m unless said otherwise here, \d+h00m at most/);
});

test.each(['SIGTERM', 'SIGHUP'] as const)('ends by itself on %s, as of a terminal that is closed', async (signal) => {
  const { child } = await connected();
  const exited = once(child, 'exit');
  child.kill(signal);
  expect(await exited).toEqual([null, signal]);
  await gone(); // long before the gateway would end what nobody holds any more
});

test('is ended by the gateway when the command is killed', async () => {
  const { child, address, id } = await connected();
  const db = await client(address);
  await db.query('select 1');
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
  await expect.poll(() => orders.leases(), { timeout: 75_000, interval: 500 }).toEqual([]);
  const { body } = await gateway.call<Request>('nadia', 'GET', `/v1/requests/${id}`);
  expect(body.allowed).not.toContain('connect');
}, 90_000);
