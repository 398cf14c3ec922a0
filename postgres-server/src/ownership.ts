import { readFileSync } from 'node:fs';
import { chown, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GuichetError } from '@guichet/contract';
import { processBirth } from '../process-birth.mjs';
import type { Account } from './account.ts';
import { isPostmasterOf } from './is-postmaster.ts';

/** What postmaster.pid says. `status` is `starting`, `ready`, `standby` or `stopping`. */
export interface PostmasterFile {
  readonly pid: number;
  readonly status: string;
}

export function readPostmasterFile(dataDir: string): PostmasterFile | undefined {
  const lines = linesOf(join(dataDir, 'postmaster.pid'));
  const pid = Number(lines[0]);
  return Number.isInteger(pid) && pid > 1 ? { pid, status: lines[7]?.trim() ?? 'starting' } : undefined;
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch {
    return [];
  }
}

const OWNER_FILE = 'guichet-owner';

/** Notes that the running server belongs to this process. */
export async function claimServer(dataDir: string, postmaster: number, account: Account | undefined): Promise<void> {
  const file = join(dataDir, OWNER_FILE);
  await writeFile(file, `${postmaster}\n${process.pid}\n${processBirth(process.pid)}\n`, { mode: 0o600 });
  // A base backup ends with an error at a file of the data directory that the server cannot read.
  if (account !== undefined) await chown(file, account.uid, account.gid);
}

/** The living process that a running server belongs to; undefined when it was left behind. */
function ownerOf(dataDir: string, postmaster: number): number | undefined {
  const [claimed, pid, birth] = linesOf(join(dataDir, OWNER_FILE));
  const owned = Number(claimed) === postmaster && birth !== undefined && processBirth(Number(pid)) === birth;
  return owned ? Number(pid) : undefined;
}

/**
 * Stops a server that runs on a data directory and has lost its owner (SIGKILL). A server whose owner lives is left
 * alone, with the error `config.invalid`.
 */
export async function stopLeftover(dataDir: string): Promise<void> {
  const file = readPostmasterFile(dataDir);
  if (file === undefined) return;
  if (processBirth(file.pid) === undefined) return forgetDead(dataDir, file.pid);
  if (!isPostmasterOf(file.pid, dataDir)) {
    // The pid went to another process. PostgreSQL would believe that the server still runs, and refuse for ever.
    await rm(join(dataDir, 'postmaster.pid'), { force: true });
    return;
  }
  const owner = await waitForOwner(dataDir, file.pid);
  if (owner !== undefined) {
    throw new GuichetError(
      'config.invalid',
      `${dataDir} is in use: its PostgreSQL server (pid ${file.pid}) belongs to process ${owner}.`,
      {
        remedy: `Stop process ${owner} first, or use another folder.`,
      },
    );
  }
  await endProcess(file.pid);
}

/**
 * PostgreSQL sees to the file of a dead server itself. But one that was killed together with its owner is a zombie until
 * somebody reaps it, in a container perhaps never, and PostgreSQL would take it for one that runs.
 */
export async function forgetDead(dataDir: string, pid: number): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (!isListed(pid)) return;
    await sleep(20);
  }
  await rm(join(dataDir, 'postmaster.pid'), { force: true });
}

/** True for zombies too. */
function isListed(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is there.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** An owner signs just after the server has appeared: give a start that goes on at this moment time to do so. */
async function waitForOwner(dataDir: string, postmaster: number): Promise<number | undefined> {
  for (let tries = 0; tries < 20; tries++) {
    const owner = ownerOf(dataDir, postmaster);
    if (owner !== undefined) return owner;
    // A server that is ready was signed before, so its owner is dead.
    if (readPostmasterFile(dataDir)?.status !== 'starting') return undefined;
    await sleep(100);
  }
  return undefined;
}

export async function endProcess(pid: number): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    try {
      process.kill(pid, signal);
    } catch {
      return; // gone
    }
    for (let tries = 0; tries < 500; tries++) {
      if (processBirth(pid) === undefined) return;
      await sleep(20);
    }
  }
}
