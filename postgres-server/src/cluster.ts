import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { GuichetError } from '@guichet/contract';
import { type Account, canEnter, spawnAs } from './account.ts';
import type { Major } from './binaries.ts';
import { makeFolder } from './data-home.ts';

const run = promisify(execFile);
const PASSWORD_FILE = 'guichet-password';

interface ClusterOptions {
  readonly dataDir: string;
  readonly major: Major;
  /** The folder with `bin`. */
  readonly binaries: string;
  readonly password: string | undefined;
  readonly account: Account | undefined;
}

/** Makes the data directory when there is none, checks it when there is one. Gives the superuser's current password. */
export async function openCluster(options: ClusterOptions): Promise<string> {
  const { dataDir, major, account } = options;
  const version = await readFile(join(dataDir, 'PG_VERSION'), 'utf8').catch(() => undefined);
  if (version === undefined) await createCluster(options);
  else if (version.trim() !== String(major)) {
    throw new GuichetError('config.invalid', `${dataDir} was made by PostgreSQL ${version.trim()}, and ${major} is asked for.`, {
      remedy: `Start it with major ${version.trim()}, or choose another folder.`,
    });
  }
  if (account !== undefined && !canEnter(dataDir, account)) throw unreachable(dataDir, account);
  return readFile(join(dataDir, PASSWORD_FILE), 'utf8').catch((cause: unknown) => {
    throw new GuichetError('config.invalid', `${dataDir} is a PostgreSQL data directory that was not made here.`, {
      remedy: 'Choose another folder; or run that server yourself, and give its URL.',
      cause,
    });
  });
}

/** Remembers a new password of the superuser. */
export async function rememberPassword(dataDir: string, password: string): Promise<void> {
  await writeFile(join(dataDir, PASSWORD_FILE), password, { mode: 0o600 });
}

/** initdb beside the final place, then one rename: a data directory is whole or is not there. */
async function createCluster({ dataDir, major, binaries, password, account }: ClusterOptions): Promise<void> {
  const present = await readdir(dataDir).catch(() => []);
  if (present.length > 0) {
    throw new GuichetError('config.invalid', `${dataDir} is not empty and is no PostgreSQL data directory.`, {
      remedy: 'Choose another folder, or empty it.',
    });
  }
  const parent = dirname(dataDir);
  makeFolder(parent);
  if (account !== undefined && !canEnter(parent, account)) throw unreachable(parent, account);
  const staging = `${dataDir}.new-${process.pid}`;
  await rm(staging, { recursive: true, force: true });
  await mkdir(staging, { mode: 0o700 });
  try {
    const secret = join(staging, 'password');
    await writeFile(secret, password ?? randomBytes(24).toString('base64url'), { mode: 0o600 });
    if (account !== undefined) for (const path of [staging, secret]) await chown(path, account.uid, account.gid);
    const made = join(staging, 'data');
    await run(join(binaries, 'bin/initdb'), initdbArguments({ made, secret, major }), spawnAs(account));
    await rename(secret, join(made, PASSWORD_FILE));
    await rename(made, dataDir);
  } catch (error) {
    throw initdbFailed(dataDir, error);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

function initdbArguments({ made, secret, major }: { made: string; secret: string; major: Major }): string[] {
  const common = [`--pgdata=${made}`, '--username=postgres', '--auth=scram-sha-256', `--pwfile=${secret}`, '--encoding=UTF8'];
  // Before 17 there is no locale that is UTF-8 and the same on every machine; C sorts by bytes and stores UTF-8 as well.
  const locale = major >= 17 ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'] : ['--locale=C'];
  return [...common, ...locale];
}

function initdbFailed(dataDir: string, error: unknown): GuichetError {
  if (error instanceof GuichetError) return error;
  if (isErrno(error) && (error.code === 'ENOTEMPTY' || error.code === 'EEXIST')) {
    return new GuichetError('config.invalid', `${dataDir} was made by another process just now.`, { remedy: 'Try again.' });
  }
  const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
  return new GuichetError('config.invalid', `initdb could not make ${dataDir}: ${said || String(error)}`, {
    remedy: 'See that the disk is not full and the folder can be written.',
    cause: error,
  });
}

function isErrno(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error;
}

function unreachable(folder: string, account: Account): GuichetError {
  return new GuichetError(
    'config.invalid',
    `PostgreSQL cannot run as root, and '${account.name}', which it runs as, cannot enter ${folder}.`,
    {
      remedy: `Name a folder of which every account can enter all above it, such as /var/lib/guichet; or run as another user than root.`,
    },
  );
}
