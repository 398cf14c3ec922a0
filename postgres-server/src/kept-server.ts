import { spawn } from 'node:child_process';
import { closeSync, fchownSync, openSync, readFileSync, statSync } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Guard, guardProcess } from '../guard.mjs';
import { processBirth } from '../process-birth.mjs';
import { type Account, spawnAs } from './account.ts';
import { isPostmasterOf } from './is-postmaster.ts';
import { endProcess, forgetDead, readPostmasterFile } from './ownership.ts';
import { LaunchFailure } from './postmaster.ts';

const MOST_LOG_BYTES = 8 * 1024 * 1024;

export interface KeptServerOptions {
  /** The folder with `bin` of its major version. */
  readonly binaries: string;
  /** Whole, with a postgresql.conf that says everything: port, addresses, files. */
  readonly dataDir: string;
  /** What the server says is appended to it. */
  readonly logFile: string;
  readonly account: Account | undefined;
}

/** The postmaster that runs on a data directory. `ready` when it takes connections, be they only to read. */
export interface KeptServer {
  readonly pid: number;
  readonly ready: boolean;
}

/** The server that runs on a data directory, whoever started it; undefined when none does. */
export function keptServer(dataDir: string): KeptServer | undefined {
  const file = readPostmasterFile(dataDir);
  if (file === undefined || processBirth(file.pid) === undefined || !isPostmasterOf(file.pid, dataDir)) return undefined;
  return { pid: file.pid, ready: file.status === 'ready' || file.status === 'standby' };
}

/**
 * Starts a server on a data directory, which lives on when this process ends; the one that runs on it already is as good.
 * Comes back when the server holds the data directory, which may be long before it takes connections: a replica replays
 * first. Rejects with a LaunchFailure that has what the server said.
 */
export async function startKept(options: KeptServerOptions): Promise<KeptServer> {
  const { binaries, dataDir, logFile, account } = options;
  const running = keptServer(dataDir);
  if (running !== undefined) return running;
  await forgetOther(dataDir);
  await turnOver(logFile);
  const log = openSync(logFile, 'a', 0o600);
  if (account !== undefined) fchownSync(log, account.uid, account.gid);
  const logged = statSync(logFile).size;
  const child = spawn(join(binaries, 'bin/postgres'), ['-D', dataDir], {
    ...spawnAs(account),
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.unref();
  let failure: Error | undefined;
  child.on('error', (error) => {
    failure = error;
  });
  for (;;) {
    const server = keptServer(dataDir);
    if (server !== undefined) return server; // ours, or that of a start which was faster
    if (failure !== undefined) throw new LaunchFailure(failure.message);
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new LaunchFailure(readFileSync(logFile).subarray(logged).toString());
    }
    await sleep(10);
  }
}

/** Ends the server of a data directory, if one runs: its sessions at once, then harder ways. */
export async function stopKept(dataDir: string): Promise<void> {
  const server = keptServer(dataDir);
  if (server !== undefined) await endProcess(server.pid);
}

/** Lets the server end with this process, however that ends. Release it when the server has ended before. */
export function guardKept({ pid }: KeptServer, account: Account | undefined): Guard {
  return guardProcess({
    target: pid,
    signals: ['SIGINT', 'SIGQUIT', 'SIGKILL'],
    ...(account && { uid: account.uid, gid: account.gid }),
  });
}

/** A pid file that names no server would keep PostgreSQL from starting, where the pid went to another process. */
async function forgetOther(dataDir: string): Promise<void> {
  const file = readPostmasterFile(dataDir);
  if (file === undefined) return;
  if (processBirth(file.pid) === undefined) await forgetDead(dataDir, file.pid);
  else if (!isPostmasterOf(file.pid, dataDir)) await rm(join(dataDir, 'postmaster.pid'), { force: true });
}

async function turnOver(logFile: string): Promise<void> {
  const { size } = await stat(logFile).catch(() => ({ size: 0 }));
  if (size > MOST_LOG_BYTES) await rename(logFile, `${logFile}.1`);
}
