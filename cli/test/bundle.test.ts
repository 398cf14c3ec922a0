import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type RouteServer, serveRoutes } from '@guichet/client/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildCli } from '../build.ts';
import { VERSION } from '../src/version.ts';
import { baseHandlers, makeRequest } from './support/catalogue.ts';
import { type Home, makeHome } from './support/run-cli.ts';

/** The bundle as users run it: a process of its own. */
let dist: string;
let server: RouteServer;
let home: Home;
beforeAll(async () => {
  dist = mkdtempSync(join(tmpdir(), 'guichet-bundle-'));
  await buildCli(dist);
  server = await serveRoutes(baseHandlers());
  home = makeHome(server.url);
});
afterAll(async () => {
  home[Symbol.dispose]();
  await server.close();
  rmSync(dist, { recursive: true, force: true });
});

interface Started {
  readonly ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
  /** Resolves when stderr has said this. */
  said(text: string): Promise<void>;
  signal(name: NodeJS.Signals): void;
}

function start(argv: readonly string[], { stdin = '', execArgv = [] }: { stdin?: string; execArgv?: string[] } = {}): Started {
  const env = { ...home.env, PATH: process.env['PATH'], NO_COLOR: '1' };
  const child = spawn(process.execPath, [...execArgv, join(dist, 'guichet.cjs'), ...argv], { env });
  let stdout = '';
  let stderr = '';
  const listeners = new Set<() => void>();
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk;
    for (const listener of listeners) listener();
  });
  child.stdin.on('error', () => {}); // a command that does not read closes it
  child.stdin.end(stdin);
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  const said = (text: string): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!stderr.includes(text)) return;
        listeners.delete(look);
        resolve();
      };
      listeners.add(look);
      look();
    });
  return { ended, said, signal: (name) => void child.kill(name) };
}

it('prints its version, the one of its package', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  expect(VERSION).toBe(version);
  expect(await start(['--version']).ended).toEqual({ code: 0, stdout: `guichet ${VERSION}\n`, stderr: '' });
});

it('holds no schema library', () => {
  const files = ['guichet.cjs', ...readdirSync(join(dist, 'chunks')).map((name) => join('chunks', name))];
  expect(files.filter((name) => readFileSync(join(dist, name), 'utf8').includes('_zod'))).toEqual([]);
});

it('loads for its version and for the help of groups only what these need', async () => {
  const probe = join(dist, 'probe.cjs');
  writeFileSync(
    probe,
    "process.on('exit', () => process.stderr.write(JSON.stringify([Object.keys(require.cache), process.moduleLoadList])));",
  );
  const loadedBy = async (...argv: string[]): Promise<{ files: string[]; builtins: string[] }> => {
    const { stderr } = await start(argv, { execArgv: ['-r', probe] }).ended;
    const [files, builtins]: [string[], string[]] = JSON.parse(stderr);
    return { files: files.map((path) => basename(path)).filter((name) => name !== 'probe.cjs'), builtins };
  };
  expect((await loadedBy('--version')).files.sort()).toEqual(['guichet.cjs', 'version.cjs']);
  await start(['postgres']).ended; // from here on the catalogue is remembered
  const { files, builtins } = await loadedBy('postgres', '--help');
  expect(files).not.toContain('command.cjs');
  expect(files.length).toBeLessThanOrEqual(5);
  expect(builtins).not.toContain('NativeModule crypto');
  expect(builtins).not.toContain('NativeModule child_process');
});

it('runs a command to its exit code and ends by itself', async () => {
  expect(await start(['whoami']).ended).toMatchObject({ code: 0, stdout: expect.stringContaining('Nadia Benali') });
  expect(await start(['postgres', '--help']).ended).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('terminate-session'),
  });
  expect(await start(['postgres', 'activity']).ended).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Missing: --instance, --env.'),
  });
});

it('reads a token from stdin', async () => {
  expect(
    await start(['login', '--with-token', '--url', server.url, '--profile', 'other'], { stdin: 'secret\n' }).ended,
  ).toMatchObject({
    code: 0,
  });
  expect(await start(['use', 'nadia']).ended).toMatchObject({ code: 0 });
});

it('on Ctrl-C stops watching, says that the request goes on, and ends with 130', async () => {
  server.handlers['requests.show'] = () => makeRequest('awaiting_approval');
  server.handlers['requests.events'] = (stream) => stream.send({ number: 1, type: 'request.submitted' });
  const watching = start(['requests', 'watch', '12']);
  await watching.said('Submitted');
  watching.signal('SIGINT');
  const { code, stderr } = await watching.ended;
  expect(code).toBe(130);
  expect(stderr).toContain('REQ-12 goes on without you.');
});

it('does not mind a reader that goes away', async () => {
  server.handlers['requests.list'] = () => ({
    items: Array.from({ length: 200 }, () => makeRequest('queued')),
    next: null,
    toReview: 0,
  });
  const env = { ...home.env, PATH: process.env['PATH'] };
  const child = spawn(process.execPath, [join(dist, 'guichet.cjs'), 'requests', 'list', '-o', 'json'], { env });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  child.stdout.once('data', () => child.stdout.destroy());
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});

it('says which Node it needs, without a stack trace, where an older one comes first in the PATH', async () => {
  const old = join(dist, 'old.cjs');
  writeFileSync(old, "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } });");
  expect(await start(['whoami'], { execArgv: ['-r', old] }).ended).toMatchObject({
    code: 78,
    stdout: '',
    stderr: expect.stringMatching(/^error: guichet needs Node 22 or newer; this is 20\.20\.2\.\n {2}→ .+\n$/),
  });
});
