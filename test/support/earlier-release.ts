import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const PROJECT = resolve(import.meta.dirname, '../..');
const run = promisify(execFile);

/** The first migration that the previous release does not know. The next release names its own here. */
export const FIRST_NEW_MIGRATION = '0009-trace-of-requests.sql';

/** The commit of the previous release's schema; undefined where there is no history to look in, as in an archive. */
export async function earlierCommit(): Promise<string | undefined> {
  const args = ['log', '--diff-filter=A', '--format=%H', '-1', '--', `gateway/migrations/${FIRST_NEW_MIGRATION}`];
  try {
    const added = (await run('git', args, { cwd: PROJECT })).stdout.trim();
    if (added === '') return undefined;
    return (await run('git', ['rev-parse', '--verify', '--quiet', `${added}^`], { cwd: PROJECT })).stdout.trim();
  } catch {
    return undefined;
  }
}

/** Its code in a folder of its own, with the libraries that are installed here. Gives the gateway's main file. */
export async function earlierGateway(commit: string): Promise<{ folder: string; main: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'guichet-earlier-'));
  const archive = join(folder, 'archive.tar');
  await run('git', ['archive', '--output', archive, commit], { cwd: PROJECT });
  await run('tar', ['xf', archive, '-C', folder]);
  for (const name of await readdir(join(PROJECT, 'node_modules'))) {
    if (name !== '@guichet') await link(join(PROJECT, 'node_modules', name), join(folder, 'node_modules', name));
  }
  // Its own packages meet each other, not ours.
  for (const name of ['contract', 'postgres-server']) await link(join(folder, name), join(folder, 'node_modules/@guichet', name));
  return { folder, main: join(folder, 'gateway/src/main.ts') };
}

async function link(target: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  if (!existsSync(path)) await symlink(target, path);
}
