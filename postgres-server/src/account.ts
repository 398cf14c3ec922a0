import { execFileSync, spawnSync } from 'node:child_process';
import { GuichetError } from '@guichet/contract';

/** An unprivileged account of the machine. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

const CANDIDATES = ['postgres', 'nobody'];
let found: Account | undefined;

/**
 * The account to run PostgreSQL as when we are root, which PostgreSQL refuses to run as; undefined when we are not
 * root and it runs as ourselves. Takes an account that exists: creating users on somebody's machine is not our business.
 */
export function serverAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  found ??= findAccount();
  return found;
}

function findAccount(): Account {
  for (const name of CANDIDATES) {
    const uid = idOf('-u', name);
    const gid = idOf('-g', name);
    if (uid !== undefined && gid !== undefined && uid !== 0) return { name, uid, gid };
  }
  throw new GuichetError('config.invalid', `PostgreSQL cannot run as root, and there is no account ${CANDIDATES.join(' or ')}.`, {
    remedy: 'Run as an ordinary user, or create an account named postgres.',
  });
}

function idOf(flag: '-u' | '-g', name: string): number | undefined {
  try {
    // `| 0`: macOS numbers nobody 4294967294, which the kernel and Node know as -2.
    return Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })) | 0;
  } catch {
    return undefined;
  }
}

/** What to add to the options of `spawn` to run as the account, with nothing of our environment. */
export function spawnAs(account: Account | undefined): { uid?: number; gid?: number; cwd: string; env: NodeJS.ProcessEnv } {
  // Our own folder may be closed to the account, and a server must not keep anybody's folder busy: hence `/`.
  const base = { cwd: '/', env: { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' } };
  return account === undefined ? base : { ...base, uid: account.uid, gid: account.gid };
}

/** Whether the account can reach a folder. Asks the kernel, as the account: mode bits alone do not tell. */
export function canEnter(folder: string, account: Account): boolean {
  const test = spawnSync('/bin/sh', ['-c', 'cd -- "$1" 2>/dev/null', 'sh', folder], { ...spawnAs(account), stdio: 'ignore' });
  if (test.error === undefined) return test.status === 0;
  throw new GuichetError(
    'config.invalid',
    `PostgreSQL cannot run as root, and root may not run programs as '${account.name}' here.`,
    {
      remedy: 'Run as an ordinary user.',
      cause: test.error,
    },
  );
}
