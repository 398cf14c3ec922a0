import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { availableMajors, dataHome, freePort, type Major, type PostgresServer, startPostgres } from '@guichet/postgres-server';
import { temporaryDataDir } from '@guichet/postgres-server/testing';
import pg from 'pg';
import { afterEach, describe, expect, test } from 'vitest';
import { processBirth } from '../process-birth.mjs';
import { serverAccount, spawnAs } from '../src/account.ts';
import { binariesOf } from '../src/binaries.ts';
import { isPostmasterOf } from '../src/is-postmaster.ts';

const cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
});

async function newDataDir(): Promise<string> {
  const dataDir = await temporaryDataDir();
  cleanUp.push(() => rm(dataDir, { recursive: true, force: true }));
  return dataDir;
}

async function start(options: Parameters<typeof startPostgres>[0]): Promise<PostgresServer> {
  const server = await startPostgres(options);
  cleanUp.push(() => server.stop({ mode: 'immediate' }));
  return server;
}

async function value(url: string, sql: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    // pg gives rows of any; the first column of the first row is what is asked for.
    const [row] = (await client.query({ text: sql, rowMode: 'array' })).rows as unknown[][];
    return row?.[0];
  } finally {
    await client.end();
  }
}

async function untilGone(pid: number): Promise<void> {
  while (processBirth(pid) !== undefined) await sleep(20);
}

async function killed(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
}

/** A process of its own that owns a server on the data directory. */
async function startOwner(dataDir: string, major: Major): Promise<{ owner: ChildProcess; pid: number }> {
  const fixture = resolve(import.meta.dirname, 'fixtures/owner.ts');
  const owner = spawn(process.execPath, [fixture, dataDir, String(major)], { stdio: ['ignore', 'pipe', 'inherit'] });
  cleanUp.push(async () => owner.kill('SIGKILL'));
  const [line] = (await once(owner.stdout, 'data')) as [Buffer]; // the fixture prints one line of JSON
  return { owner, pid: (JSON.parse(line.toString()) as { pid: number }).pid };
}

test('offers PostgreSQL 18 and an older major', () => {
  expect(availableMajors()).toContain(18);
  expect(availableMajors().length).toBeGreaterThanOrEqual(2);
});

describe.each(availableMajors())('PostgreSQL %i', (major) => {
  test('keeps data, passwords and settings over a stop and a start', async () => {
    const dataDir = await newDataDir();
    const first = await start({ dataDir, major, settings: { shared_preload_libraries: 'pg_stat_statements' } });
    expect(await value(first.url, 'SHOW shared_preload_libraries')).toBe('pg_stat_statements');
    expect(await value(first.url, 'SHOW server_encoding')).toBe('UTF8');
    expect(Number(await value(first.url, 'SHOW server_version_num'))).toBeGreaterThanOrEqual(major * 10_000);
    await value(first.url, "CREATE TABLE kept AS SELECT 'é'::text AS letter");
    await first.stop();
    const second = await start({ dataDir, major });
    expect(await value(second.urlFor(), 'SELECT letter FROM kept')).toBe('é');
  });

  test('ends when its owner is killed with SIGKILL, and starts again with everything committed', async () => {
    const dataDir = await newDataDir();
    const { owner, pid } = await startOwner(dataDir, major);
    expect(isPostmasterOf(pid, dataDir)).toBe(true);
    await killed(owner, 'SIGKILL');
    await untilGone(pid);
    const server = await start({ dataDir, major });
    expect(await value(server.url, 'SELECT 1')).toBe(1);
  });

  test('starts at once after its owner was killed, while the old server is still there', async () => {
    const dataDir = await newDataDir();
    const { owner, pid } = await startOwner(dataDir, major);
    await killed(owner, 'SIGKILL');
    const server = await start({ dataDir, major });
    expect(server.pid).not.toBe(pid);
    expect(processBirth(pid)).toBeUndefined();
  });

  test('stops a server that nobody owns and that nothing guards', async () => {
    const dataDir = await newDataDir();
    await (await start({ dataDir, major })).stop();
    const account = serverAccount();
    const binary = join(await binariesOf(major, account), 'bin/postgres');
    const settings = ['-c', `port=${await freePort()}`, '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='];
    const leftover = spawn(binary, ['-D', dataDir, ...settings], { ...spawnAs(account), stdio: 'ignore' });
    const ended = once(leftover, 'exit');
    const file = join(dataDir, 'postmaster.pid');
    while (!(await readFile(file, 'utf8').catch(() => '')).includes('ready')) await sleep(20);
    const server = await start({ dataDir, major });
    await ended;
    expect(await value(server.url, 'SELECT 1')).toBe(1);
  });

  test('leaves a server alone whose owner lives', async () => {
    const dataDir = await newDataDir();
    const { owner, pid } = await startOwner(dataDir, major);
    await expect(startPostgres({ dataDir, major })).rejects.toMatchObject({
      code: 'config.invalid',
      message: expect.stringContaining(`belongs to process ${owner.pid}`),
    });
    expect(isPostmasterOf(pid, dataDir)).toBe(true);
    await killed(owner, 'SIGTERM');
    await untilGone(pid);
  });

  test('is not fooled by a postmaster.pid whose number belongs to another process now', async () => {
    const dataDir = await newDataDir();
    await (await start({ dataDir, major })).stop();
    await writeFile(join(dataDir, 'postmaster.pid'), `${process.pid}\n${dataDir}\n1\n5432\n\n127.0.0.1\n  1 1\nready   \n`);
    const server = await start({ dataDir, major });
    expect(await value(server.url, 'SELECT 1')).toBe(1);
  });

  test('takes a new password for an existing data directory', async () => {
    const dataDir = await newDataDir();
    await (await start({ dataDir, major, password: 'first' })).stop();
    const server = await start({ dataDir, major, password: "sec'ond/@%" });
    expect(await value(server.url, 'SELECT 1')).toBe(1);
    await expect(value(server.urlFor({ user: 'postgres', password: 'first' }), 'SELECT 1')).rejects.toThrow(
      /password authentication failed/,
    );
  });
});

test('runs servers of different majors at the same time', async () => {
  const servers = await Promise.all(availableMajors().map(async (major) => start({ dataDir: await newDataDir(), major })));
  const versions = await Promise.all(servers.map((server) => value(server.url, 'SHOW server_version')));
  expect(versions.map((version) => Number.parseInt(String(version), 10))).toEqual(availableMajors());
});

test('listens on the loopback address alone, and on no socket file', async () => {
  const server = await start({ dataDir: await newDataDir() });
  expect(await value(server.url, 'SHOW listen_addresses')).toBe('127.0.0.1');
  expect(await value(server.url, 'SHOW unix_socket_directories')).toBe('');
});

test('says which data directory belongs to which major', async () => {
  const dataDir = await newDataDir();
  const [oldest = 18] = availableMajors();
  await (await start({ dataDir, major: oldest })).stop();
  await expect(startPostgres({ dataDir, major: 18 })).rejects.toMatchObject({
    code: 'config.invalid',
    remedy: expect.stringContaining(`major ${oldest}`),
  });
});

test('says that the port is taken, and by which setting the server was refused', async () => {
  const { port } = await start({ dataDir: await newDataDir() });
  const dataDir = await newDataDir();
  await expect(startPostgres({ dataDir, port })).rejects.toMatchObject({
    remedy: expect.stringContaining(`Port ${port} is taken`),
  });
  await expect(startPostgres({ dataDir, settings: { nonsense: 'on' } })).rejects.toThrow(
    'unrecognized configuration parameter "nonsense"',
  );
});

test('does not touch a folder that holds something else', async () => {
  const dataDir = await newDataDir();
  await writeFile(join(dataDir, 'thesis.txt'), 'mine');
  await expect(startPostgres({ dataDir })).rejects.toMatchObject({
    code: 'config.invalid',
    message: expect.stringContaining('is not empty'),
  });
  expect(await readFile(join(dataDir, 'thesis.txt'), 'utf8')).toBe('mine');
});

test('settles `exited` when somebody else ends the server', async () => {
  const server = await start({ dataDir: await newDataDir() });
  process.kill(server.pid, 'SIGQUIT');
  expect(await server.exited).toEqual({ code: 0, signal: null });
  await server.stop();
});

describe.runIf(process.getuid?.() === 0)('as root', () => {
  async function closedProject(): Promise<string> {
    const project = await mkdtemp(join(tmpdir(), 'guichet-closed-')); // mode 0700, of root
    cleanUp.push(() => rm(project, { recursive: true, force: true }));
    return project;
  }

  test('puts the data of a project that only root can enter where PostgreSQL reaches it', async () => {
    const project = await closedProject();
    const home = dataHome(project);
    cleanUp.push(() => rm(home, { recursive: true, force: true }));
    expect(home).toMatch(/^\/var\/tmp\/guichet-[0-9a-f]{12}$/);
    expect(await readFile(join(project, '.data/location'), 'utf8')).toBe(`${home}\n`);
    const server = await start({ dataDir: join(home, 'servers/main') });
    expect(await value(server.url, 'SELECT 1')).toBe(1);
  });

  test('says that the account cannot enter a folder', async () => {
    const dataDir = join(await closedProject(), 'data');
    await expect(startPostgres({ dataDir })).rejects.toMatchObject({
      code: 'config.invalid',
      message: expect.stringContaining('cannot enter'),
    });
  });

  test('refuses a data home that another account has laid', async () => {
    const project = await closedProject();
    const home = dataHome(project);
    await rm(home, { recursive: true });
    cleanUp.push(() => rm(home, { recursive: true, force: true }));
    const account = serverAccount();
    await mkdir(home);
    await chown(home, account?.uid ?? 0, account?.gid ?? 0);
    expect(() => dataHome(project)).toThrow('is not a folder of root');
  });
});
