import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

export interface KeptOptions {
  /** Names it when it has ended by itself. */
  readonly name: string;
  readonly spawn: () => ChildProcess;
  /** Resolves when it serves; rejects when it never will. */
  readonly served: (child: ChildProcess) => Promise<void>;
  /** Aborts when everything is to end. */
  readonly signal: AbortSignal;
  /** How long it may take to end when it is told to, in ms. */
  readonly stopMs: number;
}

export interface KeptProcess {
  /** Of the process that runs at this moment. */
  pid(): number | undefined;
  stop(): Promise<void>;
}

const AGAIN_MS = 2000;

/** Starts a program and comes back when it serves. When it ends by itself it is started again. */
export async function keepProcess({ name, spawn, served, signal, stopMs }: KeptOptions): Promise<KeptProcess> {
  const stopped = new AbortController();
  let child = spawn();
  const keep = (current: ChildProcess): void => {
    current.once('exit', () => {
      // Ctrl-C reaches the whole group of processes: it may have ended of that before it was told to.
      if (stopped.signal.aborted || signal.aborted) return;
      process.stderr.write(`· ${name} has ended; starting it again\n`);
      void sleep(AGAIN_MS, undefined, { signal: stopped.signal }).then(
        () => {
          child = spawn();
          keep(child);
        },
        () => {}, // stopped meanwhile
      );
    });
  };
  await served(child);
  keep(child);
  return {
    pid: () => child.pid,
    stop: async () => {
      stopped.abort();
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), stopMs);
      await exited;
      clearTimeout(late);
    },
  };
}
