import { createHash } from 'node:crypto';
import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { chown } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { GuichetError } from '@guichet/contract';
import { canEnter, serverAccount } from './account.ts';

/**
 * The folder for everything a project keeps between runs; made when missing. It is `.data` in the project, unless we
 * are root and the account that runs PostgreSQL cannot reach the project (a clone under /root): then it is
 * `/var/tmp/guichet-<hash of the project's path>`, and `.data/location` says so to programs that cannot ask.
 */
export function dataHome(projectDir: string): string {
  const project = realpathSync(projectDir);
  const inProject = join(project, '.data');
  const location = join(inProject, 'location');
  const account = serverAccount();
  makeFolder(inProject);
  if (account === undefined || canEnter(project, account)) {
    rmSync(location, { force: true });
    return inProject;
  }
  const hash = createHash('sha256').update(project).digest('hex').slice(0, 12);
  const home = join('/var/tmp', `guichet-${hash}`);
  makeFolder(home);
  // Anybody may write to /var/tmp: a folder that somebody else laid there must not receive our data.
  const made = lstatSync(home);
  if (!made.isDirectory() || made.uid !== 0) {
    throw new GuichetError('config.invalid', `${home} is not a folder of root.`, {
      remedy: `Look at what it is, and remove it; or move the project to a folder that '${account.name}' can enter.`,
    });
  }
  writeFileSync(location, `${home}\n`);
  return home;
}

/**
 * Makes a folder, and its missing parents, so that the account which runs PostgreSQL can pass through them whatever
 * the umask is. Folders that exist already keep their mode.
 */
export function makeFolder(folder: string): void {
  const firstMade = mkdirSync(folder, { recursive: true });
  if (firstMade === undefined) return;
  for (let made = folder; made.length >= firstMade.length; made = dirname(made)) chmodSync(made, 0o755);
}

/** A new empty folder for a server that does not outlive a test. The caller removes it, after the server has stopped. */
export async function temporaryDataDir(): Promise<string> {
  const account = serverAccount();
  const candidates = [tmpdir(), '/tmp', '/var/tmp'];
  const parent = candidates.find((folder) => existsSync(folder) && (account === undefined || canEnter(folder, account)));
  const folder = mkdtempSync(join(parent ?? tmpdir(), 'guichet-postgres-'));
  if (account !== undefined) await chown(folder, account.uid, account.gid);
  return folder;
}
