import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROJECT = fileURLToPath(new URL('../../..', import.meta.url));
/** Two PostgreSQL servers and a gateway on a busy machine. */
const START_MS = 120_000;

export interface Company {
  readonly url: string;
  readonly issuer: string;
  stop(): Promise<void>;
}

/** Starts what `npm start` starts, on free ports and with data of its own, and waits until it says that it is open. */
export async function startCompany(): Promise<Company> {
  const folder = await mkdtemp(join(tmpdir(), 'guichet-company-'));
  await chmod(folder, 0o755); // as root, PostgreSQL runs as another account, which has to pass
  const [port, identityPort] = [await freePort(), await freePort()];
  const child = spawn(
    process.execPath,
    [
      join(PROJECT, 'scripts/run.mjs'),
      'demo/src/main.ts',
      ...['--port', String(port), '--identity-port', String(identityPort), '--data', join(folder, 'company')],
    ],
    {
      cwd: PROJECT,
      stdio: ['ignore', 'pipe', 'pipe'],
      // The name makes run.mjs end the company when we die without a word.
      env: { ...process.env, HOME: folder, npm_lifecycle_event: 'console-tests' },
    },
  );
  const stop = async (): Promise<void> => {
    await end(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await opened(child);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `http://127.0.0.1:${port}`, issuer: `http://127.0.0.1:${identityPort}`, stop };
}

async function opened(child: ChildProcess): Promise<void> {
  let said = '';
  const open = Promise.withResolvers<void>();
  const hear = (chunk: Buffer): void => {
    said += String(chunk);
    if (said.includes('Ctrl-C stops everything')) open.resolve();
  };
  child.stdout?.on('data', hear);
  child.stderr?.on('data', hear);
  child.once('exit', () => open.reject(new Error(`The company did not start:\n${said}`)));
  const timer = setTimeout(() => open.reject(new Error(`The company is not up after ${START_MS / 1000} s:\n${said}`)), START_MS);
  await open.promise.finally(() => clearTimeout(timer));
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGINT');
  await ended;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a server on TCP has a port');
  return address.port;
}
