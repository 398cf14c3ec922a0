import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fchownSync, openSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GuichetError } from '@guichet/contract';
import { type Guard, guardProcess } from '../guard.mjs';
import { type Account, spawnAs } from './account.ts';
import { claimServer, readPostmasterFile } from './ownership.ts';

const START_LIMIT_SECONDS = 120;

export interface LaunchOptions {
  readonly binaries: string;
  readonly dataDir: string;
  readonly port: number;
  readonly settings: Readonly<Record<string, string>>;
  readonly logFile: string;
  readonly account: Account | undefined;
}

/** How a server process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Postmaster {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  /** `fast` ends the sessions and writes a checkpoint; `immediate` is a crash, recovered from at the next start. */
  stop(mode: 'fast' | 'immediate'): Promise<void>;
}

/** The server ended before it was ready; `log` is what it said. */
export class LaunchFailure extends Error {
  readonly log: string;
  constructor(log: string) {
    super('the server ended before it was ready');
    this.log = log;
  }
}

/** Starts a server on an existing data directory, and comes back when it takes connections. */
export async function launchPostmaster(options: LaunchOptions): Promise<Postmaster> {
  const { dataDir, account, logFile } = options;
  const log = openSync(logFile, 'a', 0o600);
  // In the data directory it is part of a base backup, for which the server must be able to read it.
  if (account !== undefined) fchownSync(log, account.uid, account.gid);
  const logged = statSync(logFile).size;
  const child = spawn(join(options.binaries, 'bin/postgres'), serverArguments(options), {
    ...spawnAs(account),
    detached: true, // its own session: Ctrl-C must not stop it before those who use it
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', reject);
  });
  const { pid } = child;
  if (pid === undefined) {
    const cause = await exited.catch((error: unknown) => error);
    throw new GuichetError('config.invalid', `PostgreSQL cannot be started: ${cause}`, {
      remedy: 'See that the binaries fit this machine (glibc, processor) and may be executed here.',
      cause,
    });
  }
  const guard = guardProcess({
    target: pid,
    signals: ['SIGINT', 'SIGQUIT', 'SIGKILL'], // fast shutdown, then the harder ways
    ...(account && { uid: account.uid, gid: account.gid }),
  });
  void exited.then(() => guard.release());
  child.unref();
  await untilReady({ dataDir, pid, account, child, guard, said: () => readFileSync(logFile).subarray(logged).toString() });
  return { pid, exited, stop: (mode) => stopChild(child, exited, mode) };
}

function serverArguments({ dataDir, port, settings }: LaunchOptions): string[] {
  const all = { listen_addresses: '127.0.0.1', unix_socket_directories: '', port: String(port), ...settings };
  return ['-D', dataDir, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

interface Starting {
  readonly dataDir: string;
  readonly pid: number;
  readonly account: Account | undefined;
  readonly child: ChildProcess;
  readonly guard: Guard;
  readonly said: () => string;
}

async function untilReady({ dataDir, pid, account, child, guard, said }: Starting): Promise<void> {
  const limit = Date.now() + START_LIMIT_SECONDS * 1000;
  let claimed = false;
  while (child.exitCode === null && child.signalCode === null) {
    const file = readPostmasterFile(dataDir);
    if (file?.pid === pid) {
      if (!claimed) await claimServer(dataDir, pid, account);
      claimed = true;
      // `standby`: a replica that is read-only, and ready.
      if (file.status === 'ready' || file.status === 'standby') return;
    }
    if (Date.now() > limit) {
      child.kill('SIGQUIT');
      guard.release();
      throw new LaunchFailure(`not ready after ${START_LIMIT_SECONDS} s\n${said()}`);
    }
    await sleep(10);
  }
  throw new LaunchFailure(said());
}

async function stopChild(child: ChildProcess, exited: Promise<Exit>, mode: 'fast' | 'immediate'): Promise<void> {
  child.ref(); // while somebody waits for the end, Node must not leave
  child.kill(mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
  await exited;
}
