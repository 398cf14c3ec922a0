import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Which process wrote a line. Host name and pid alone name none: in containers both come again. */
export interface WriterProcess {
  readonly host: string;
  readonly pid: number;
  /** Drawn when the module was loaded. */
  readonly process: string;
  /** The boot of the kernel, the namespaces that pid and time count in, and when the process began; where the system says so. */
  readonly born?: { readonly boot: string; readonly space: string; readonly at: string } | undefined;
}

/** `unknown`: it cannot be looked at from here, or its number may be that of another one by now. */
export type Liveness = 'lives' | 'gone' | 'unknown';

/** The state of a process and when it began, in ticks since the boot; undefined when it cannot be read. */
function statOf(pid: number): { state: string; at: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name, in brackets, may hold anything: fields are counted from behind it.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const [state, at] = [fields[0], fields[19]];
    return state === undefined || at === undefined ? undefined : { state, at };
  } catch {
    return undefined;
  }
}

function namespace(kind: 'pid' | 'time'): string {
  try {
    return readlinkSync(`/proc/self/ns/${kind}`);
  } catch (error) {
    // Old kernels have no namespaces of time.
    if (kind === 'time' && error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}

function bornOf(pid: number): WriterProcess['born'] {
  try {
    // A /proc of another namespace would show other processes under these numbers.
    if (readlinkSync('/proc/self') !== String(pid)) return undefined;
    const at = statOf(pid)?.at;
    if (at === undefined) return undefined;
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return { boot, space: `${namespace('pid')} ${namespace('time')}`, at };
  } catch {
    return undefined;
  }
}

/** This process, whatever its pid becomes the number of later. */
export const SELF: WriterProcess = {
  host: hostname(),
  pid: process.pid,
  process: randomUUID(),
  born: bornOf(process.pid),
};

/** Whether a process lives. `gone` is said only where it is certain: on it rests that something may be done again. */
export function livenessOf(by: WriterProcess, self: WriterProcess = SELF): Liveness {
  if (by.process === self.process) return 'lives';
  const [theirs, ours] = [by.born, self.born];
  const inSight =
    ours === undefined
      ? theirs === undefined && by.host === self.host && process.platform !== 'linux'
      : theirs?.boot === ours.boot && theirs.space === ours.space;
  if (!inSight) return 'unknown';
  if (!isInUse(by.pid)) return 'gone';
  const stat = theirs && statOf(by.pid);
  if (stat === undefined) return 'unknown';
  // A zombie runs nothing any more.
  return stat.at === theirs?.at && stat.state !== 'Z' && stat.state !== 'X' ? 'lives' : 'gone';
}

function isInUse(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}
