import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type AuditHead, HeadChain, LeafPages, LogVerifier } from '@guichet/contract/audit-log';
import { type PostgresServer, startPostgres } from '@guichet/postgres-server';
import { createDatabase, temporaryDataDir } from '@guichet/postgres-server/testing';
import { afterEach, expect, test } from 'vitest';
import { baseBackup, recoverAtStart } from './support/base-backup.ts';
import { sql } from './support/beside.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { Lab } from './support/lab-provider.ts';

const run = promisify(execFile);

/** A PostgreSQL of this machine that has both a server and pg_dump of one major. */
const installed = [15]
  .map((major) => ({ major: 15 as const, folder: `/usr/lib/postgresql/${major}` }))
  .find(({ folder }) => ['initdb', 'postgres', 'pg_dump', 'pg_restore'].every((name) => existsSync(join(folder, 'bin', name))));
if (installed === undefined)
  process.stderr.write('THE TEST OF pg_dump IS SKIPPED: it needs the package postgresql-15 of Debian.\n');

let closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.reverse()) await close();
  closers = [];
}, 60_000);

async function folder(): Promise<string> {
  const made = await temporaryDataDir();
  closers.push(() => rm(made, { recursive: true, force: true }));
  return made;
}

async function server(options: Parameters<typeof startPostgres>[0]): Promise<PostgresServer> {
  const started = await startPostgres(options);
  closers.push(() => started.stop());
  return started;
}

/** How many rows each table has, and a digest of them. */
async function contents(url: string): Promise<Record<string, string>> {
  const tables = await sql<{ name: string }>(
    url,
    `select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and n.nspname in ('public', 'guichet_jobs') order by 1`,
  );
  const found: Record<string, string> = {};
  for (const { name } of tables) {
    const rows = await sql<{ is: string }>(
      url,
      `select count(*) || ' ' || coalesce(md5(string_agg(t::text, '' order by t::text)), '') as is from ${name} t`,
    );
    found[name] = rows[0]?.is ?? '';
  }
  return found;
}

/** Resolves when a signed head covers every event of the audit log. */
async function sealed(url: string): Promise<void> {
  const all = `select (select size from audit_heads order by number desc limit 1) = (select count(*) from audit_events) as sealed`;
  await expect.poll(async () => (await sql(url, all))[0], { timeout: 30_000 }).toEqual({ sealed: true });
}

/** Checks the audit log of a gateway as anybody can: its heads, and all events under them. Gives the key that signed. */
async function verified(gateway: TestGateway): Promise<string | undefined> {
  const chain = new HeadChain();
  for (let after: number | null = 0; after !== null; ) {
    const page: { items: AuditHead[]; next: number | null } = (
      await gateway.call<never>('sven', 'GET', `/v1/audit/heads?after=${after}`)
    ).body;
    for (const head of page.items) chain.add(head);
    after = page.next;
  }
  chain.end();
  const leaves = new LeafPages();
  const verifier = new LogVerifier({ heads: chain.heads, leafAt: leaves.at });
  for (let after: number | null = 0; after !== null; ) {
    const page: { lines: string[]; start: number; hashes: string; next: number | null } = (
      await gateway.call<never>('sven', 'GET', `/v1/audit/export?after=${after}`)
    ).body;
    leaves.add(page.start, Buffer.from(page.hashes, 'base64'));
    for (const line of page.lines) verifier.line(line);
    after = page.next;
  }
  verifier.end();
  expect([...chain.findings, ...verifier.findings]).toEqual([]);
  expect(verifier.events).toBeGreaterThan(5);
  return chain.key?.public;
}

const SUBMIT = { action: 'lab.change', environment: 'staging', input: { target: 'alpha' } };
const DESTROY = { action: 'lab.destroy', environment: 'production', input: { target: 'beta' }, reason: 'to see it wait' };

test.skipIf(installed === undefined)(
  'a dump that is restored into another server has all of it, and a gateway goes on with what waited',
  async () => {
    const { folder: installation, major } = installed ?? { folder: '', major: 15 as const };
    const [first, second] = [
      await server({ dataDir: await folder(), installation, major }),
      await server({ dataDir: await folder(), installation, major }),
    ];
    const [from, to] = [await createDatabase(first.url), await createDatabase(second.url)];
    const before = await startGateway({ databaseUrl: from.url });
    const done = await before.submit('nadia', SUBMIT);
    await before.until(done.body.id, 'succeeded');
    const waiting = await before.submit('nadia', DESTROY);
    await sealed(from.url);
    const key = await verified(before);
    await before.close();

    const file = join(await folder(), 'guichet.dump');
    await run(join(installation, 'bin/pg_dump'), ['--format=custom', '--file', file, from.url]);
    await run(join(installation, 'bin/pg_restore'), ['--no-owner', '--exit-on-error', '--dbname', to.url, file]);
    expect(await contents(to.url)).toEqual(await contents(from.url));

    const after = await startGateway({ databaseUrl: to.url });
    closers.push(() => after.close());
    expect((await after.until(done.body.id, 'succeeded')).id).toBe(done.body.id);
    await after.call('amine', 'POST', `/v1/requests/${waiting.body.id}/approve`, { body: { comment: 'go' } });
    await after.until(waiting.body.id, 'succeeded');
    expect((await after.submit('nadia', SUBMIT)).status).toBe(201);
    await sealed(to.url);
    expect(await verified(after)).toBe(key); // the same log, from before the dump to now
  },
  180_000,
);

test('a restore to a point in time has all before it and nothing after, and asks what became of a run that was under way', async () => {
  const [dataDir, archive] = [await folder(), await folder()];
  const lab = new Lab();
  const settings = { archive_mode: 'on', archive_command: `cp %p ${archive}/%f`, wal_level: 'replica' };
  const original = await server({ dataDir, settings });
  const before = await startGateway({ databaseUrl: original.url, lab });
  const done = await before.submit('nadia', SUBMIT);
  await before.until(done.body.id, 'succeeded');
  await sealed(original.url);
  const key = await verified(before);

  const copy = await baseBackup(original.url, dataDir);
  closers.push(() => rm(copy, { recursive: true, force: true }));

  const later = await before.submit('nadia', SUBMIT);
  await before.until(later.body.id, 'succeeded');
  const waiting = await before.submit('nadia', DESTROY);
  lab.mode = 'hang';
  const entered = lab.nextEntry();
  const running = await before.submit('nadia', SUBMIT);
  await entered;
  await sql(original.url, `select pg_create_restore_point('before the mistake')`);
  lab.release();
  await before.until(running.body.id, 'succeeded');
  lab.mode = 'succeed';
  const gone = await before.submit('nadia', SUBMIT);
  await before.until(gone.body.id, 'succeeded');
  await before.close();
  await sql(original.url, 'drop table approvals cascade');
  await original.stop(); // which archives all that is left
  const effects = lab.effects.length;

  await recoverAtStart(copy);
  const recovery = {
    restore_command: `cp ${archive}/%f %p`,
    recovery_target_name: 'before the mistake',
    recovery_target_action: 'promote',
  };
  const restored = await server({ dataDir: copy, settings: recovery });
  await expect
    .poll(async () => (await sql(restored.url, 'select pg_is_in_recovery() as is'))[0], { timeout: 60_000 })
    .toEqual({ is: false });

  lab.observation = 'succeeded'; // as its provider knows, although the gateway has forgotten
  const after = await startGateway({ databaseUrl: restored.url, lab });
  closers.push(() => after.close());
  expect((await after.until(later.body.id, 'succeeded')).id).toBe(later.body.id);
  expect((await after.call('sven', 'GET', `/v1/requests/${gone.body.id}`)).status).toBe(404);
  await after.until(running.body.id, 'succeeded');
  expect(lab.effects.length).toBe(effects);
  await after.call('amine', 'POST', `/v1/requests/${waiting.body.id}/approve`, { body: { comment: 'go' } });
  await after.until(waiting.body.id, 'succeeded');
  await sealed(restored.url);
  expect(await verified(after)).toBe(key);
}, 180_000);
