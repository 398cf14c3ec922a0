import { homedir } from 'node:os';
import type { Context } from './context.ts';
import { VERSION } from './version.ts';

const argv = process.argv.slice(2);

// `--version` is asked by scripts in loops: it loads nothing else.
if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) process.stdout.write(`guichet ${VERSION}\n`);
else void start();

async function start(): Promise<void> {
  const { run } = await import('./run.ts');
  const interrupt = new AbortController();
  const { Interrupted } = await import('./context.ts');
  // The first Ctrl-C lets the command say what goes on without it; the second one ends the process as ever.
  process.once('SIGINT', () => interrupt.abort(new Interrupted()));
  process.stdout.on('error', ignoreClosedPipe);
  process.stderr.on('error', ignoreClosedPipe);
  const context: Context = {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    home: homedir(),
    now: () => new Date(),
    interrupt: interrupt.signal,
  };
  process.exitCode = await run(argv, context);
  // A terminal that was read from keeps the process alive until it is let go.
  process.stdin.unref?.();
}

/** `guichet ... | head` closes the pipe early; that is nobody's error. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
