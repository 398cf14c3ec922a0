import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testDatabase } from '@guichet/postgres-server/testing';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Victim } from './crash/victim.ts';
import { sql } from './support/beside.ts';
import { COMPANY, SEALING, startGateway } from './support/gateway.ts';
import { monthAgo, OLD_EVENTS, oldLog } from './support/old-log.ts';
import { operator } from './support/operator.ts';

const GATEWAY = new URL('../gateway/src/main.ts', import.meta.url).pathname;
const FAILPOINTS = new URL('./crash/failpoints.ts', import.meta.url).pathname;
const RECORD = 'commit of audit-archive-event + audit-archive-record';
const DROP = 'commit of audit-archive-dropped + audit-archive-keep + audit-archive-keep-terms';
const [OLD, BEFORE] = [monthAgo(5), monthAgo(4)];
const ENV = { [SEALING.variable]: SEALING.key };

let folder: string;
let to: string;
let heads: string;
let config: string;
let database: Awaited<ReturnType<typeof testDatabase>>;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guichet-archive-crash-'));
  to = join(folder, 'archives');
  heads = join(folder, 'heads.jsonl');
  config = join(folder, 'guichet.yaml');
  database = await testDatabase();
  await oldLog(database.url, OLD);
  const audit = { heads: [{ file: heads }] };
  const file = { company: COMPANY, database: { url: database.url }, sealing: { keyFromEnv: SEALING.variable }, audit };
  await writeFile(config, JSON.stringify(file)); // JSON is YAML too
  const gateway = await startGateway({ databaseUrl: database.url, config: { audit } });
  await vi.waitFor(async () => expect(await sql(database.url, 'select from audit_heads')).not.toEqual([]), { timeout: 20_000 });
  await gateway.close();
}, 60_000);
afterEach(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

const ARCHIVE = (): string[] => ['archive-audit', '--before', BEFORE.toISOString().slice(0, 7), '--to', to];
const old = async (): Promise<number> =>
  (await sql(database.url, `select from audit_events where at < '${BEFORE.toISOString()}'`)).length;

/** Archives, until it is killed at a point. */
async function archiveUntil(point: string): Promise<void> {
  const process = new Victim(
    {
      name: 'operator',
      role: 'gateway',
      file: GATEWAY,
      execArgv: ['--import', FAILPOINTS],
      args: ['--config', config, ...ARCHIVE()],
      env: ENV,
      isOpen: () => false,
    },
    { onPoint: () => {}, onTrouble: () => {} },
  );
  process.start({ points: [point], nth: 1 });
  const { killed, said } = await process.ended;
  expect(killed, `${point}: ${said}`).toBe(true);
}

test('whoever kills what archives the log leaves all events in the database, or a whole archive, and the next one goes on', async () => {
  const verify = (...flags: string[]) => operator(config, ['verify-audit', '--heads', heads, ...flags], ENV);
  const name = ['audit-000000000001-000000000001'];

  await archiveUntil(`${RECORD}, before`);
  expect(await old()).toBe(OLD_EVENTS);
  expect(await readdir(to)).toEqual(name);
  await archiveUntil(`${DROP}, before`);
  expect(await old()).toBe(OLD_EVENTS);
  expect((await verify()).text).toContain('all hold');
  expect((await verify('--archive', to)).text).toContain('all hold'); // in the archive, and in the database still
  await archiveUntil(`${DROP}, after`);
  expect(await old()).toBe(0);
  expect((await operator(config, ARCHIVE(), ENV)).text).toContain('Nothing to archive');
  expect(await readdir(to)).toEqual(name);
  expect(await verify()).toMatchObject({
    code: 0,
    text: expect.stringContaining('10,000 events under the heads 1 to 1 are archived'),
  });
  expect(await verify('--archive', to)).toMatchObject({ code: 0, text: expect.stringContaining('all hold') });
}, 90_000);
