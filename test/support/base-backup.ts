import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryDataDir } from '@guichet/postgres-server/testing';
import pg from 'pg';

const run = promisify(execFile);

/**
 * A base backup of a server that is at work, by PostgreSQL's low-level interface, as pg_basebackup and the tools of the
 * trade make one: begin, copy the files, end, and lay the label beside them. Gives the folder of the copy.
 */
export async function baseBackup(serverUrl: string, dataDir: string): Promise<string> {
  const copy = await temporaryDataDir();
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    await client.query(`select pg_backup_start('test', true)`);
    // Files come and go while we copy; what is missing or torn is mended from the log of changes.
    await run('cp', ['-a', `${dataDir}/.`, copy]).catch(() => {});
    const { rows } = await client.query<{ labelfile: string }>('select labelfile from pg_backup_stop(true)');
    await rm(join(copy, 'postmaster.pid'), { force: true });
    for (const name of await readdir(join(copy, 'pg_wal')))
      if (name !== 'archive_status') await rm(join(copy, 'pg_wal', name), { recursive: true });
    await writeLike(copy, 'backup_label', rows[0]?.labelfile ?? '');
  } finally {
    await client.end();
  }
  if (!existsSync(join(copy, 'PG_VERSION'))) throw new Error(`the copy of ${dataDir} is not whole`);
  return copy;
}

/** Says that a copy is to be recovered from an archive when it is started. */
export const recoverAtStart = (copy: string): Promise<void> => writeLike(copy, 'recovery.signal', '');

/** A file that belongs to whom the folder belongs to. */
async function writeLike(folder: string, name: string, text: string): Promise<void> {
  const { uid, gid } = await stat(folder);
  await writeFile(join(folder, name), text, { mode: 0o600 });
  await chown(join(folder, name), uid, gid);
}
