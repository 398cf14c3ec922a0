import { readlinkSync, realpathSync } from 'node:fs';
import { ps } from '../process-birth.mjs';

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
