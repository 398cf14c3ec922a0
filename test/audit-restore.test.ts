import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Request } from '@guichet/contract';
import { type AuditHead, headHash } from '@guichet/contract/audit-log';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { sql } from './support/beside.ts';
import { type CommandLine, commandLine } from './support/command-line.ts';
import { COMPANY, SEALING, startGateway, type TestGateway } from './support/gateway.ts';

const MAIN = new URL('../gateway/src/main.ts', import.meta.url).pathname;

let gateway: TestGateway;
let cli: CommandLine;
let config: string;
let heads: string;
beforeAll(async () => {
  gateway = await startGateway();
  cli = await commandLine();
  heads = join(gateway.folder, '.data/audit-heads.jsonl');
  const keyFile = join(gateway.folder, 'sealing.key');
  await writeFile(keyFile, SEALING.key);
  config = join(gateway.folder, 'operator.yaml');
  await writeFile(config, JSON.stringify({ company: COMPANY, database: { url: gateway.databaseUrl }, sealing: { keyFile } }));
});
afterAll(async () => {
  await cli.close();
  await gateway.close();
});

/** Runs a command of the gateway, as its operator does. */
const operator = (...parameters: string[]): Promise<{ code: number; text: string }> =>
  new Promise((resolve) => {
    execFile(process.execPath, [MAIN, '--config', config, ...parameters], (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), text: stdout + stderr }),
    );
  });
const published = async (): Promise<AuditHead[]> =>
  (await readFile(heads, 'utf8').catch(() => ''))
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));

const shown = (id: string) => gateway.call<Request>('sven', 'GET', `/v1/requests/${id}`);

/** Requests and an undo, of which a database of before cannot know whether they have run since. */
async function whatMayHaveHappened(): Promise<Record<'waiting' | 'queued' | 'temporary', string>> {
  const file = async (more: Record<string, unknown>): Promise<string> =>
    (await gateway.submit('nadia', { reason: 'it has to be done', ...more })).body.id;
  const waiting = await file({ action: 'lab.destroy' });
  const queued = await file({ action: 'lab.change', startAt: new Date(Date.now() + 3_600_000).toISOString() });
  const temporary = await file({ action: 'lab.change' });
  await gateway.until(temporary, 'succeeded');
  const lent = `update requests set lasts_seconds = 3600, undo_state = 'scheduled', undo_at = now() + interval '1 hour',
    undo_try_at = now() + interval '1 hour' where number = $1`;
  await sql(gateway.databaseUrl, lent, [temporary.replace('REQ-', '')]);
  return { waiting, queued, temporary };
}

test('a cut end is sealed over by no word of the database, and after an accepted restore every check says so', async () => {
  const token = await gateway.token('user:sven');
  await vi.waitFor(async () => expect((await published()).length).toBeGreaterThan(0), { timeout: 20_000 });
  await gateway.submit('nadia', { action: 'lab.change', reason: 'to be lost' });
  await vi.waitFor(async () => expect((await published()).at(-1)?.number).toBeGreaterThan(1), { timeout: 20_000 });
  const after = await published();
  const lost = after.at(-1) as AuditHead; // there are two
  const { size: kept = 0 } = after[0] ?? {};
  await sql(
    gateway.databaseUrl,
    `set session_replication_role = replica; delete from audit_heads where number > 1;
     delete from audit_events where id > ${kept}; update audit_tiles set hashes = substr(hashes, 1, ${32 * kept});
     insert into audit_settings (name, value) values ('restore_accepted', 'Restored from a backup')`,
  );
  await gateway.submit('nadia', { action: 'lab.change', reason: 'after the cut' });
  const env = { GUICHET_URL: gateway.app.url, GUICHET_TOKEN: token };
  await vi.waitFor(
    async () => expect((await cli.run(['audit', 'verify'], env)).stdout).toContain(`accept-restore' with --lost`),
    { timeout: 30_000, interval: 500 },
  );
  expect(await operator('verify-audit', '--heads', heads)).toMatchObject({
    code: 20,
    text: expect.stringContaining('truncated'),
  });

  const reason = 'Restored from the backup of 03:00';
  expect(await operator('accept-restore', '--reason', reason)).toMatchObject({
    code: 2,
    text: expect.stringContaining('--lost'),
  });
  const { number } = lost;
  const { waiting, queued, temporary } = await whatMayHaveHappened();
  const mistaken = await operator('accept-restore', '--reason', reason, '--lost', '0'.repeat(64));
  expect(mistaken).toMatchObject({ code: 2, text: expect.stringContaining(`pass --lost ${headHash(lost)}`) });
  expect((await shown(waiting)).body.state).toBe('awaiting_approval');
  const accepted = await operator('accept-restore', '--reason', reason, '--lost', headHash(lost));
  expect(accepted).toMatchObject({ code: 0, text: expect.stringContaining(`run since: ${waiting}, ${queued}.`) });
  expect(accepted.text).toContain(`Not undone by themselves any more: ${temporary}`);
  for (const id of [waiting, queued])
    expect((await shown(id)).body).toMatchObject({ state: 'void', failure: { code: 'database.restored' } });
  expect((await shown(temporary)).body).toMatchObject({ state: 'succeeded', temporary: { state: 'held' } });
  await vi.waitFor(async () => expect((await published()).some(({ restore }) => restore?.lost === number)).toBe(true), {
    timeout: 30_000,
    interval: 200,
  });
  const unknown = { code: 20, text: expect.stringContaining('When you know of it, pass --accept-restore 2') };
  expect(await operator('verify-audit', '--heads', heads)).toMatchObject(unknown);
  expect(await operator('verify-audit', '--heads', heads, '--accept-restore', '2')).toMatchObject({ code: 0 });
  const told = await cli.run(['audit', 'verify', '--heads', heads], env);
  expect({ code: told.code, text: told.stdout }).toMatchObject(unknown);
  const known = await cli.run(['audit', 'verify', '--heads', heads, '--accept-restore', '2'], env);
  expect(known.stdout).toContain('all hold');
  expect(known.code).toBe(0);
});
