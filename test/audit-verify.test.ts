import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AuditHead } from '@guichet/contract/audit-log';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { sql } from './support/beside.ts';
import { type CommandLine, commandLine, type Finished } from './support/command-line.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';

let gateway: TestGateway;
let cli: CommandLine;
let env: Record<string, string>;
beforeAll(async () => {
  gateway = await startGateway();
  cli = await commandLine();
  env = { GUICHET_URL: gateway.app.url, GUICHET_TOKEN: await gateway.token('user:sven') };
  await gateway.submit('nadia', { action: 'lab.change', reason: 'to be sealed' });
  await vi.waitFor(async () => expect(await sealedAll()).toBe(true), { timeout: 20_000, interval: 200 });
  await keep('events.jsonl', await guichet('audit', 'export'));
});
afterAll(async () => {
  await cli.close();
  await gateway.close();
});

const guichet = (...parameters: string[]): Promise<Finished> => cli.run(parameters, env);
const path = (name: string): string => join(cli.folder, name);
const published = (): string => join(gateway.folder, '.data/audit-heads.jsonl');
async function keep(name: string, { code, stdout, stderr }: Finished): Promise<void> {
  expect(code, stderr).toBe(0);
  await writeFile(path(name), stdout);
}
async function sealedAll(): Promise<boolean> {
  const [row] = await sql<{ all: boolean }>(
    gateway.databaseUrl,
    'select (select max(size) from audit_heads) = (select count(*) from audit_events) as all',
  );
  return row?.all === true;
}

test('audit verify says that all holds, alone and with the heads that were published', async () => {
  for (const more of [[], ['--heads', published()]]) {
    const { code, stdout, stderr } = await guichet('audit', 'verify', ...more);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/✓ \d+ events, \d+ heads, all hold\./);
  }
});

test('an export and the published heads are checked without the gateway', async () => {
  const away = { GUICHET_URL: 'http://127.0.0.1:1', GUICHET_TOKEN: 'none' };
  const [first] = await sql<{ head: AuditHead }>(gateway.databaseUrl, 'select head from audit_heads where number = 1');
  const parameters = [
    'audit',
    'verify',
    '--export',
    path('events.jsonl'),
    '--heads',
    published(),
    '--key',
    first?.head.announces?.public ?? '',
  ];
  const { code, stdout, stderr } = await cli.run(parameters, away);
  expect(stderr + stdout).toContain('all hold');
  expect(code).toBe(0);
});

test('an export that ends before its heads is told apart from one that was cut', async () => {
  const { stdout } = await guichet('audit', 'export');
  await writeFile(path('older.jsonl'), stdout.split('\n').slice(0, 1).join('\n'));
  const older = await guichet('audit', 'verify', '--export', path('older.jsonl'), '--heads', published());
  expect(older.code).toBe(20);
  expect(older.stdout).toContain('The end of the log is gone');
  expect(older.stdout).toContain('export again, and if it still ends there, the events are gone');
});

test('a key that is none is refused before anything is checked with it', async () => {
  for (const command of [['verify'], ['proof', '--check', 'none.json']])
    expect(await guichet('audit', ...command, '--key', 'abc')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--key is no public key of an audit log.'),
    });
});

test('the proof of an event is checked without the gateway, and an edit breaks it', async () => {
  const proof = await guichet('audit', 'proof', '1', '-o', 'json');
  await keep('proof.json', proof);
  const [first] = await sql<{ head: AuditHead }>(gateway.databaseUrl, 'select head from audit_heads where number = 1');
  const key = first?.head.announces?.public ?? '';
  expect(await guichet('audit', 'proof', '--check', path('proof.json'), '--key', key)).toMatchObject({ code: 0 });
  await writeFile(path('proof.json'), proof.stdout.replace('ok', 'no'));
  expect(await guichet('audit', 'proof', '--check', path('proof.json'), '--key', key)).toMatchObject({
    code: 20,
    stderr: expect.stringContaining('does not lead to the root'),
  });
});

test('what is not sealed has no proof, and the answer says what to do', async () => {
  expect(await guichet('audit', 'proof', '999999')).toMatchObject({ code: 5, stderr: expect.stringContaining('a few seconds') });
});

test('an edit with SQL is told with the number and the time of the event, and the command fails', async () => {
  const [row] = await sql<{ id: string; at: string }>(
    gateway.databaseUrl,
    `set session_replication_role = replica; update audit_events set actor_name = 'Somebody else' where type = 'request.submitted'`,
  ).then(() =>
    sql<{ id: string; at: string }>(gateway.databaseUrl, `select id from audit_events where type = 'request.submitted'`),
  );
  const { code, stdout } = await guichet('audit', 'verify');
  expect(code).toBe(20);
  expect(stdout).toContain(`edited  Event ${row?.id} (20`);
  expect(stdout).toContain('the log does not hold');
  await keep('edited.jsonl', await guichet('audit', 'export'));
  expect(await guichet('audit', 'verify', '--export', path('edited.jsonl'), '--heads', published())).toMatchObject({
    code: 20,
    stdout: expect.stringContaining('edited'),
  });
});
