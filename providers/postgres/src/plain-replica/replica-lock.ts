import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makeFolder } from '@guichet/postgres-server';

/**
 * The right to change a replica, which one work of one process has at a time; undefined when another has it. The kernel
 * takes it back when the process dies: a lock on a file, which SQLite takes in the same way on every system.
 */
export function lockReplica(root: string, name: string): Disposable | undefined {
  const folder = join(root, '.locks');
  makeFolder(folder);
  const database = new DatabaseSync(join(folder, name));
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return undefined;
    throw error;
  }
  return { [Symbol.dispose]: () => database.close() };
}

const SQLITE_BUSY = 5;
