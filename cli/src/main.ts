import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Context } from './context.ts';
import { VERSION } from './version.ts';

const argv = process.argv.slice(2);
const NODE = 22;

// `--version` is asked by scripts in loops: it loads nothing else.
if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) process.stdout.write(`guichet ${VERSION}\n`);
else if (Number.parseInt(process.versions.node, 10) < NODE) {
  process.stderr.write(
    `error: guichet needs Node ${NODE} or newer; this is ${process.versions.node}.\n  → Put a newer one first in the PATH, or run npm start in the clone with this one: it brings Node along.\n`,
  );
  process.exitCode = 78;
} else void start();

async function start(): Promise<void> {
  // Compiled code is kept beside the catalogue: measured, it takes 1 to 2 of 35 to 45 ms off a command.
  enableCompileCache(join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'guichet', 'compiled'));
  const { Interrupted, run } = await import('./index.ts');
  const interrupt = new AbortController();
  // The first Ctrl-C lets the command say what goes on without it; the second one ends the process as ever.
  let lent = 0;
  const onInterrupt = (): void => {
    if (lent > 0) return;
    process.off('SIGINT', onInterrupt);
    interrupt.abort(new Interrupted());
  };
  process.on('SIGINT', onInterrupt);
  const context: Context = {
    // Streams cost a millisecond each to open: the one that is not used is not opened.
    get stdin() {
      return process.stdin;
    },
    get stdout() {
      return ignoringClosedPipe(process.stdout);
    },
    get stderr() {
      return ignoringClosedPipe(process.stderr);
    },
    env: process.env,
    home: homedir(),
    now: () => new Date(),
    interrupt: interrupt.signal,
    lendTerminal: () => {
      lent += 1;
      return () => {
        lent -= 1;
      };
    },
    beforeEnd,
  };
  process.exitCode = await run(argv, context);
}

/** `guichet ... | head` closes the pipe early; that is nobody's error. */
function ignoringClosedPipe(stream: NodeJS.WriteStream): NodeJS.WriteStream {
  if (!stream.listeners('error').includes(onStreamError)) stream.on('error', onStreamError);
  return stream;
}

function onStreamError(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

/** How long an undo may take before the process ends without it, in ms. */
const UNDO_MS = 3000;

/** A terminal that was closed, or a kill: what was begun is undone, and then the process ends as ever; at a second signal at once. */
function beforeEnd(undo: () => void | Promise<void>): () => void {
  const signals = ['SIGTERM', 'SIGHUP'] as const;
  const onSignal = (signal: NodeJS.Signals): void => {
    forget();
    const end = (): void => void process.kill(process.pid, signal);
    setTimeout(end, UNDO_MS);
    Promise.resolve(undo()).then(end, end);
  };
  const forget = (): void => {
    for (const signal of signals) process.off(signal, onSignal);
  };
  for (const signal of signals) process.on(signal, onSignal);
  return forget;
}
