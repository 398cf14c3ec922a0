import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync, realpathSync } from 'node:fs';

/**
 * When a process was born, in a form that only serves to be compared; undefined when there is none. Pid and birth
 * together name a process for ever, a pid alone is given again to others.
 */
export function processBirth(pid: number): string | undefined {
  if (process.platform !== 'linux') return ps(pid, 'lstart=');
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is a name in parentheses that may hold anything, so fields are counted behind it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** Whether a process is alive and is the postmaster of a data directory. */
export function isPostmasterOf(pid: number, dataDir: string): boolean {
  if (process.platform !== 'linux') return (ps(pid, 'command=') ?? '').includes(dataDir);
  try {
    // A server works inside its data directory; nothing else does.
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(dataDir);
  } catch {
    return false;
  }
}

function ps(pid: number, column: string): string | undefined {
  try {
    const line = execFileSync('ps', ['-ww', '-o', column, '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return line.trim() || undefined;
  } catch {
    return undefined;
  }
}
