import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type TestDatabase, testDatabase } from '@guichet/postgres-server/testing';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EvilProvider, startEvilProvider } from './support/evil-provider.ts';
import { COMPANY } from './support/gateway.ts';
import { type GatewayProcess, startGatewayProcess } from './support/gateway-process.ts';

const MAIN = new URL('../gateway/src/main.ts', import.meta.url).pathname;
const CANARY = 'canary-4711-never-logged';

let database: TestDatabase;
let folder: string;
let evil: EvilProvider;
let gateway: GatewayProcess;
let token: string;
beforeAll(async () => {
  database = await testDatabase();
  folder = await mkdtemp(join(tmpdir(), 'guichet-secrets-'));
  evil = await startEvilProvider();
  const config = {
    listen: { port: 0 },
    database: { url: database.url },
    company: COMPANY,
    sealing: { keyFile: join(folder, 'sealing.key') },
    logLevel: 'trace',
    providers: [{ name: 'evil', url: evil.url }],
    webhooks: [{ name: 'chat', url: `http://127.0.0.1:9/${CANARY}`, secretFromEnv: 'PATH' }],
  };
  await writeFile(join(folder, 'guichet.yaml'), JSON.stringify(config));
  const issued = await promisify(execFile)(process.execPath, [
    MAIN,
    '--config',
    join(folder, 'guichet.yaml'),
    'issue-token',
    'user:nadia',
  ]);
  token = issued.stdout.trim();
  gateway = await startGatewayProcess(folder, config);
});
afterAll(async () => {
  gateway.kill('SIGKILL');
  await gateway.exited;
  await evil.close();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

test('no secret reaches the log, wherever callers, providers and the database put it', async () => {
  const send = (path: string, headers: Record<string, string>, body?: string) =>
    fetch(`${gateway.url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers,
      ...(body !== undefined && { body }),
    }).then(async (response) => [response.status, await response.text()] as const);
  const signedIn = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  expect((await send('/v1/me', signedIn))[0]).toBe(200);
  // In the places where people put tokens by mistake.
  await send(`/v1/me?token=${token}`, {});
  await send(`/v1/me?access_token=${token}`, signedIn);
  await send(`/v1/requests/${token}`, signedIn);
  await send(`/${token}`, signedIn);
  await send('/v1/me', { authorization: token });
  await send('/v1/me', { authorization: `Basic ${Buffer.from(`nadia:${token}`).toString('base64')}` });
  await send('/v1/me', { cookie: `session=${token}`, 'x-api-key': token });
  await send('/v1/requests', signedIn, `{"token":"${token}","broken`);
  await send('/v1/requests', signedIn, JSON.stringify({ [token]: token, action: token }));
  await send('/v1/requests', { ...signedIn, 'content-type': `text/${CANARY}` }, token);
  await send('/v1/tokens', signedIn, JSON.stringify({ name: 'made', expiresInDays: 1 })).then(([, made]) => {
    token += `\n${(JSON.parse(made) as { secret: string }).secret}`; // looked for below as well
  });
  // In inputs and in what providers answer.
  const call = JSON.stringify({ environment: 'staging', input: { x: CANARY } });
  const answers = [
    `{"type":"result","output":{"kind":"text","text":"${CANARY}"}}\n`,
    `<html>${CANARY}`,
    `{"summary":"${CANARY}"`,
    '',
  ];
  for (const answer of answers) {
    evil.answer = (response) => response.end(answer);
    await send('/v1/actions/evil.look/read', signedIn, call);
    await send('/v1/requests', signedIn, JSON.stringify({ action: 'evil.change', environment: 'staging', input: { x: CANARY } }));
  }
  evil.answer = (response) => response.destroy();
  await send('/v1/actions/evil.look/read', signedIn, call);
  // In what is no HTTP, and in what the database says when it breaks.
  await new Promise<void>((resolve) => {
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1', () => socket.end(`${token} ${CANARY}\r\n\r\n`));
    socket.on('close', () => resolve());
    socket.resume();
  });
  const admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
  await admin.query('alter table audit_events add constraint no_reads check (type not like $$read.%$$) not valid');
  evil.answer = (response) => response.end(answers[0]);
  expect((await send('/v1/actions/evil.look/read', signedIn, call))[0]).toBe(500);
  await admin.query(`select pg_terminate_backend(pid) from pg_stat_activity
     where application_name like 'guichet%' and datname = current_database()`);
  await admin.end();
  await expect.poll(async () => (await send('/v1/me', signedIn))[0], { timeout: 10_000 }).toBe(200);

  const log = gateway.logged();
  expect(log).toContain('"route":"/v1/me"'); // it is the log of all that
  expect(log).toContain('unforeseen error');
  expect(log).toContain('background work failed');
  const password = decodeURIComponent(new URL(database.url).password);
  const key = (await readFile(join(folder, 'sealing.key'), 'utf8')).trim();
  for (const secret of [...token.split('\n'), CANARY, password, key])
    for (const form of [secret, Buffer.from(secret).toString('base64').replaceAll('=', ''), encodeURIComponent(secret)]) {
      const at = log.indexOf(form);
      expect(at === -1, `a secret stands in: ${log.slice(Math.max(0, at - 300), at)}`).toBe(true);
    }
});
