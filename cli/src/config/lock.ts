import { closeSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GuichetError } from '@guichet/contract';

/** Whoever holds a lock for longer has been stopped, or its process has gone and its number was given to another. */
const STALE_MS = 60_000;
const WAIT_MS = 90_000;
const LOOK_MS = 40;

export interface LockOptions {
  /** Ends the waiting; what waits for a moment alone needs none. */
  readonly signal?: AbortSignal;
  /** For tests: when a lock counts as left behind. */
  readonly staleMs?: number;
}

/**
 * Does the work while no other process does it. The lock is a file that is made with "fail if it is there"; it says who
 * made it, so that one whose process has died is removed. Removing is itself locked: of several processes that find a
 * dead one's lock, the second would otherwise remove the lock that the first has just taken.
 */
export async function withLock<Result>(path: string, work: () => Promise<Result>, options: LockOptions = {}): Promise<Result> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const mine = JSON.stringify({ pid: process.pid, host: hostname(), at: Date.now(), by: globalThis.crypto.randomUUID() });
  const until = Date.now() + WAIT_MS;
  while (!take(path, mine)) {
    if (isStale(path, options.staleMs ?? STALE_MS)) breakStale(path, options.staleMs ?? STALE_MS);
    if (Date.now() > until)
      throw new GuichetError(
        'config.invalid',
        `${path} has been there for too long: another guichet is at work on what it guards.`,
        {
          remedy: 'If none is running, remove that file.',
        },
      );
    await sleep(LOOK_MS / 2 + Math.random() * LOOK_MS, undefined, options.signal && { signal: options.signal });
  }
  try {
    return await work();
  } finally {
    if (contentOf(path) === mine) rmSync(path, { force: true });
  }
}

function take(path: string, content: string): boolean {
  try {
    const file = openSync(path, 'wx', 0o600);
    writeFileSync(file, content);
    closeSync(file);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw new GuichetError('config.invalid', `${path} cannot be written: ${error instanceof Error ? error.message : error}.`, {
      cause: error,
    });
  }
}

function isStale(path: string, staleMs: number): boolean {
  const age = ageOf(path);
  if (age === undefined) return false; // it is gone: try to take it
  if (age > staleMs) return true;
  const { pid, host } = holderOf(path);
  // Between the making of the file and the writing of its text it says nothing yet.
  return pid !== undefined && host === hostname() && !isAlive(pid);
}

/** Removes the lock if it is still a stale one, while nobody else does. */
function breakStale(path: string, staleMs: number): void {
  const guard = `${path}.breaking`;
  if ((ageOf(guard) ?? 0) > staleMs) rmSync(guard, { force: true });
  if (!take(guard, '')) return;
  try {
    if (isStale(path, staleMs)) rmSync(path, { force: true });
  } finally {
    rmSync(guard, { force: true });
  }
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function ageOf(path: string): number | undefined {
  try {
    return Date.now() - statSync(path).mtimeMs;
  } catch {
    return undefined;
  }
}

function holderOf(path: string): { pid?: number; host?: string } {
  try {
    const { pid, host }: { pid?: unknown; host?: unknown } = JSON.parse(contentOf(path) ?? '{}');
    return { ...(typeof pid === 'number' && { pid }), ...(typeof host === 'string' && { host }) };
  } catch {
    return {};
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
