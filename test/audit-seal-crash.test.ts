import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AuditHead, HeadChain, headLine } from '@guichet/contract/audit-log';
import { testDatabase } from '@guichet/postgres-server/testing';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Victim } from './crash/victim.ts';
import { sql } from './support/beside.ts';
import { COMPANY, SEALING } from './support/gateway.ts';

const GATEWAY = new URL('../gateway/src/main.ts', import.meta.url).pathname;
const FAILPOINTS = new URL('./crash/failpoints.ts', import.meta.url).pathname;
/** A head is in the database, and nobody outside was told of it. */
const SEALED = 'commit of audit-tile-add + audit-head-insert, after';

let folder: string;
let database: Awaited<ReturnType<typeof testDatabase>>;
let gateway: Victim;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guichet-seal-crash-'));
  database = await testDatabase();
  const file = join(folder, 'guichet.yaml');
  // JSON is YAML too.
  const config = {
    listen: { port: 0 },
    company: COMPANY,
    database: { url: database.url },
    sealing: { keyFromEnv: SEALING.variable },
    audit: { heads: [{ file: 'heads.jsonl' }] },
    worker: { enabled: false },
    poolSize: 4,
  };
  await writeFile(file, JSON.stringify(config));
  gateway = new Victim(
    {
      name: 'gateway',
      role: 'gateway',
      file: GATEWAY,
      execArgv: ['--import', FAILPOINTS],
      args: ['--config', file],
      env: { [SEALING.variable]: SEALING.key },
      isOpen: (said) => said.includes('guichet is open'),
    },
    { onPoint: () => {}, onTrouble: () => {} },
  );
});
afterEach(async () => {
  await gateway.kill();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

const sealed = async (): Promise<AuditHead[]> =>
  (await sql<{ head: AuditHead }>(database.url, 'select head from audit_heads order by number')).map(({ head }) => head);
const told = async (): Promise<string> => readFile(join(folder, 'heads.jsonl'), 'utf8').catch(() => '');

test('a sealer killed between the commit of a head and its publication leaves it to the next one, and the chain is whole', async () => {
  gateway.start({ points: [SEALED], nth: 1 });
  expect((await gateway.ended).killed).toBe(true);
  expect(await sealed()).toHaveLength(1);
  expect(await told()).toBe('');

  await sql(
    database.url,
    "insert into audit_events (type, actor_id, actor_name, outcome) values ('test.event', 'user:a', 'A', 'ok')",
  );
  gateway.start({ points: [SEALED], nth: 1 });
  expect((await gateway.ended).killed).toBe(true);
  const heads = await sealed();
  expect(heads).toHaveLength(2);
  expect(await told()).not.toContain(headLine(heads[1] as AuditHead)); // there are two

  gateway.start();
  await vi.waitFor(async () => expect(await told()).toBe((await sealed()).map((head) => `${headLine(head)}\n`).join('')), {
    timeout: 30_000,
    interval: 200,
  });
  const chain = new HeadChain();
  for (const line of (await told()).trim().split('\n')) chain.add(JSON.parse(line));
  chain.end();
  expect(chain.findings).toEqual([]);
  expect(chain.heads.slice(0, 2)).toEqual(heads);
}, 60_000);
