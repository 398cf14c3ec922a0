import { rm } from 'node:fs/promises';
import { type PostgresServer, startPostgres } from '@guichet/postgres-server';
import { temporaryDataDir } from '@guichet/postgres-server/testing';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { checkProblem } from './support/problems.ts';

let dataDir: string;
let server: PostgresServer;
let gateway: TestGateway;
beforeAll(async () => {
  dataDir = await temporaryDataDir();
  server = await startPostgres({ dataDir });
  gateway = await startGateway({ databaseUrl: server.url });
});
afterAll(async () => {
  await gateway.close();
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
});

const SUBMIT = { action: 'lab.change', environment: 'staging', input: { target: 'alpha' } };

test('connections that are cut in the middle of work cost an answer, never the process', async () => {
  const admin = new pg.Client({ connectionString: server.url, application_name: 'admin' });
  await admin.connect();
  await gateway.token('user:nadia');
  const answers: { status: number; body: Record<string, unknown> }[] = [];
  let busy = true;
  const callers = Array.from({ length: 8 }, async () => {
    while (busy) answers.push(await gateway.call('nadia', 'POST', '/v1/requests', { body: SUBMIT }));
  });
  for (let round = 0; round < 15; round++) {
    await admin.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'guichet%'`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  busy = false;
  await Promise.all(callers);
  await admin.end();
  expect(answers.some(({ status }) => status === 201)).toBe(true);
  for (const { status, body } of answers.filter(({ status }) => status !== 201))
    expect(checkProblem(body, status).code).toBe('database.unavailable');
  await expect.poll(async () => (await gateway.call('nadia', 'GET', '/v1/me')).status, { timeout: 10_000 }).toBe(200);
});

test('without a database every call is refused clearly, the catalogue stays, and all is well when it is back', async () => {
  const { port } = server;
  await server.stop();
  for (const [method, path, body] of [
    ['GET', '/v1/me', undefined],
    ['GET', '/v1/actions', undefined],
    ['POST', '/v1/requests', SUBMIT],
    ['POST', '/v1/actions/lab.look/read', { environment: 'staging' }],
    ['GET', '/v1/requests/REQ-1/events', undefined],
  ] as const) {
    const { status, body: problem, headers } = await gateway.call('nadia', method, path, body === undefined ? {} : { body });
    expect(checkProblem(problem, status)).toMatchObject({ code: 'database.unavailable', retryable: true });
    expect(headers.get('retry-after')).toBe('1');
  }
  expect((await gateway.call(null, 'GET', '/healthz')).status).toBe(200);
  const ready = await gateway.call(null, 'GET', '/readyz');
  expect([ready.status, ready.body]).toEqual([503, { status: 'not ready', why: 'The database does not answer.' }]);
  const metrics = await (await fetch(`${gateway.app.url}/metrics`)).text();
  expect(metrics).toMatch(/^guichet_database_up 0$/m);
  expect(metrics).not.toMatch(/^guichet_(requests|reviews_open|outbox_jobs)[{ ]/m); // nothing old is shown as new
  // A refresh that cannot save what it has read says nothing about the provider.
  await gateway.app.catalog.refresh();
  expect(gateway.app.catalog.list().every(({ available }) => available)).toBe(true);

  server = await startPostgres({ dataDir, port });
  await expect.poll(async () => (await gateway.call('nadia', 'GET', '/v1/me')).status, { timeout: 15_000 }).toBe(200);
  expect((await gateway.call(null, 'GET', '/readyz')).status).toBe(200);
  const { body } = await gateway.submit('nadia', SUBMIT);
  await gateway.until(body.id, 'succeeded');
});
