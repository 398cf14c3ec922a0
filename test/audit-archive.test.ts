import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { testDatabase } from '@guichet/postgres-server/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { sql } from './support/beside.ts';
import { type CommandLine, commandLine, type Finished } from './support/command-line.ts';
import { COMPANY, SEALING, startGateway, type TestGateway } from './support/gateway.ts';
import { monthAgo, oldLog } from './support/old-log.ts';
import { operator } from './support/operator.ts';

const [OLD, BEFORE] = [monthAgo(5), monthAgo(4)];

let database: Awaited<ReturnType<typeof testDatabase>>;
let folder: string;
let archives: string;
let config: string;
let gateway: TestGateway;
let cli: CommandLine;
let env: Record<string, string>;
const archive = (...flags: string[]) => operator(config, ['archive-audit', ...flags], { [SEALING.variable]: SEALING.key });

beforeAll(async () => {
  database = await testDatabase();
  folder = await mkdtemp(join(tmpdir(), 'guichet-archived-'));
  [archives, config] = [join(folder, 'archives'), join(folder, 'guichet.yaml')];
  await oldLog(database.url, OLD);
  gateway = await startGateway({ databaseUrl: database.url });
  cli = await commandLine();
  env = { GUICHET_URL: gateway.app.url, GUICHET_TOKEN: await gateway.token('user:sven') };
  const file = { company: COMPANY, database: { url: database.url }, sealing: { keyFromEnv: SEALING.variable } };
  await writeFile(config, JSON.stringify(file)); // JSON is YAML too
  await vi.waitFor(async () => expect(await sql(database.url, 'select from audit_heads')).not.toEqual([]), { timeout: 20_000 });
  // While the gateway runs.
  const { code, text } = await archive('--before', BEFORE.toISOString().slice(0, 10), '--to', archives);
  expect(text).toContain('10,000 events from before');
  expect(code).toBe(0);
}, 60_000);
afterAll(async () => {
  await cli.close();
  await gateway.close();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

const guichet = (...parameters: string[]): Promise<Finished> => cli.run(parameters, env);

test('audit verify says what is archived and was not checked, and checks it with the archive', async () => {
  const without = await guichet('audit', 'verify');
  expect(without).toMatchObject({ code: 0, stdout: expect.stringContaining('what is here holds') });
  expect(without.stdout).toContain(
    '10,000 events under the heads 1 to 1 are archived, and not checked here: pass --archive FOLDER.',
  );
  expect(await guichet('audit', 'verify', '--archive', archives)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('all hold'),
  });
  expect(await guichet('audit', 'verify', '--archive', folder)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('holds no archive of an audit log'),
  });
});

test('an archive is checked without a gateway, with an export of the rest and the heads', async () => {
  const [heads, events] = [join(cli.folder, 'heads.jsonl'), join(cli.folder, 'events.jsonl')];
  await writeFile(heads, (await guichet('audit', 'heads')).stdout);
  await writeFile(events, (await guichet('audit', 'export')).stdout);
  const offline = ['audit', 'verify', '--export', events, '--heads', heads];
  expect((await guichet(...offline)).stdout).toContain('10,000 events under the heads 1 to 1 are archived');
  expect(await guichet(...offline, '--archive', archives)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('all hold'),
  });
  // An export from before the archive has its events too: a second copy of them, which must be what was sealed.
  const [name = ''] = await readdir(archives);
  const archived = gunzipSync(await readFile(join(archives, name, 'events.jsonl.gz'))).toString();
  const rest = await readFile(events, 'utf8');
  await writeFile(events, archived + rest);
  expect(await guichet(...offline, '--archive', archives)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('all hold'),
  });
  await writeFile(events, archived.replace('"outcome":"ok"', '"outcome":"no"') + rest);
  expect(await guichet(...offline, '--archive', archives)).toMatchObject({
    code: 20,
    stdout: expect.stringMatching(/^edited {2}Outside the archive: .*\n/),
  });
});

test('a list that ends where the archive begins says so, and a proof of an archived event says where to look', async () => {
  const note = `Events from before ${BEFORE.toISOString().slice(0, 10)} are archived`;
  expect(await gateway.call('sven', 'GET', '/v1/audit?limit=200')).toMatchObject({
    body: { archivedBefore: BEFORE.toISOString() },
  });
  expect((await guichet('audit', 'list', '--all')).stderr).toContain(note);
  expect((await guichet('audit', 'list', '--all', '--since', '2h')).stderr).not.toContain(note);
  expect((await guichet('audit', 'proof', '1')).stderr).toContain('audit verify --archive FOLDER');
});

test('the log goes on after an archive: what is written is sealed, and found', async () => {
  const { body } = await gateway.submit('nadia', { action: 'lab.change', reason: 'after the archive' });
  await gateway.until(body.id, 'succeeded');
  const succeeded = `from audit_events where type = 'request.succeeded'`;
  const sealed = `select from audit_heads where last_id >= (select max(id) ${succeeded})`;
  await vi.waitFor(async () => expect(await sql(database.url, sealed)).not.toEqual([]), { timeout: 20_000, interval: 200 });
  expect((await guichet('audit', 'verify', '--archive', archives)).stdout).toContain('all hold');
  expect((await guichet('audit', 'list', '--request', body.id, '--type', 'request.succeeded')).stdout).toContain(
    'request.succeeded',
  );
});

test('what an operator forgets to say, or may not archive yet, is told', async () => {
  expect(await archive('--to', archives)).toMatchObject({ code: 2, text: expect.stringContaining('--before 2026-03') });
  expect(await archive('--before', '2026-03')).toMatchObject({ code: 2, text: expect.stringContaining('--to FOLDER') });
  const soon = monthAgo(0).toISOString().slice(0, 7);
  expect(await archive('--before', soon, '--to', archives)).toMatchObject({
    code: 2,
    text: expect.stringContaining('Events of the last 90 days are not archived (audit.keep)'),
  });
});
