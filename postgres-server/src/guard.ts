import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Account, spawnAs } from './account.ts';

export interface Guard {
  /** Ends the guard; the guarded process lives on. */
  release(): void;
}

/** Lets a process be ended when this one dies in any way: fast shutdown first, then the harder ways. */
export function guardPostmaster(pid: number, account: Account | undefined): Guard {
  // Handed over as text: the account may not be able to read the file.
  const script = readFileSync(join(import.meta.dirname, '../guard.sh'), 'utf8');
  const guard = spawn('/bin/sh', ['-c', script, 'guichet-guard', String(pid), 'INT', 'QUIT', 'KILL'], {
    ...spawnAs(account),
    detached: true, // its own session: Ctrl-C is for us, not for the guard
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.on('error', () => undefined); // without a guard the server still serves; the next start stops a leftover
  guard.stdin.on('error', () => undefined); // the guard may be gone when it is released
  guard.unref();
  // A pipe of a child is a socket and can be unreferenced; the type says only Writable.
  if ('unref' in guard.stdin && typeof guard.stdin.unref === 'function') guard.stdin.unref();
  return { release: () => guard.stdin.end('release\n') };
}
