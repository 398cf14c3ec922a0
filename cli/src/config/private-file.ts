import {
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { GuichetError } from '@guichet/contract';

/** The text of a file that holds secrets; undefined when it is not there, `config.invalid` when others can read it. */
export function readPrivate(path: string): string | undefined {
  try {
    const { mode } = statSync(path);
    if (process.platform !== 'win32' && (mode & 0o077) !== 0)
      throw new GuichetError('config.invalid', `${path} holds tokens, and others can read it.`, {
        remedy: `Run: chmod 600 ${path}`,
      });
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof GuichetError) throw error;
    if (isMissing(error)) return undefined;
    throw new GuichetError('config.invalid', `${path} cannot be read: ${error instanceof Error ? error.message : error}.`, {
      cause: error,
    });
  }
}

/**
 * Writes the file whole, readable by its owner alone, or leaves it as it was. When it returns the text is on the disk:
 * a refresh token that a crash takes away is a sign-in that is lost.
 */
export function writePrivate(path: string, text: string): void {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}.new`;
  try {
    rmSync(draft, { force: true }); // left behind by a process that had our number
    const file = openSync(draft, 'wx', 0o600);
    try {
      chmodSync(draft, 0o600); // whatever the umask says
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw new GuichetError('config.invalid', `${path} cannot be written: ${error instanceof Error ? error.message : error}.`, {
      remedy: `Check that ${folder} is yours and that the disk is not full.`,
      cause: error,
    });
  }
  syncFolder(folder);
}

export function removePrivate(path: string): void {
  rmSync(path, { force: true });
}

/** The rename itself reaches the disk with the folder. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return; // folders cannot be opened there
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } catch {
    // Some file systems have no sync of folders; the file itself is on the disk.
  } finally {
    closeSync(handle);
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
