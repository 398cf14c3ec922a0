import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * When a process was born, in a form that only serves to be compared; undefined when there is none. Pid and birth
 * together name a process for ever, a pid alone is given again to others.
 *
 * Plain JavaScript: the set-up script needs it before there is a Node that reads TypeScript.
 *
 * @param {number} pid
 * @returns {string | undefined}
 */
export function processBirth(pid) {
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

/**
 * One column of `ps` about one process; undefined when there is no such process.
 *
 * @param {number} pid
 * @param {string} column
 * @returns {string | undefined}
 */
export function ps(pid, column) {
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
