import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const MAIN = new URL('../../gateway/src/main.ts', import.meta.url).pathname;

export interface GatewayProcess {
  readonly pid: number;
  readonly url: string;
  /** The name under which its worker claims runs. */
  readonly worker: string;
  kill(signal: NodeJS.Signals): void;
  /** How it ended: its exit code, or null when a signal ended it. */
  readonly exited: Promise<number | null>;
  /** All that it has said so far, on standard output and standard error. */
  readonly logged: () => string;
}

/** Starts a gateway as operators do, with a configuration file, and comes back when it is open. `main`: of another release. */
export async function startGatewayProcess(
  folder: string,
  config: Record<string, unknown>,
  env: Readonly<Record<string, string>> = {},
  main = MAIN,
): Promise<GatewayProcess> {
  // JSON is YAML too.
  const file = join(folder, `guichet-${Math.random().toString(36).slice(2)}.yaml`);
  await writeFile(file, JSON.stringify(config));
  const child = spawn(process.execPath, [main, '--config', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  let log = '';
  child.stdout.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString();
    process.stderr.write(chunk);
  });
  const exited = once(child, 'exit').then(([code]) => code as number | null); // what Node says of 'exit'
  // The process must not outlive the tests, whatever happens to them.
  const reap = (): boolean => child.kill('SIGKILL');
  process.once('exit', reap);
  void exited.then(() => process.off('exit', reap));
  const opened = (async () => {
    for await (const line of createInterface({ input: child.stdout })) {
      const entry = JSON.parse(line) as { msg: string; url?: string; worker?: string }; // pino writes objects
      if (process.env['GUICHET_TEST_LOG'] !== undefined) process.stderr.write(`${line}\n`);
      if (entry.msg === 'guichet is open') return { url: entry.url ?? '', worker: entry.worker ?? '' };
    }
    throw new Error('the gateway ended before it was open');
  })();
  const { url, worker } = await opened;
  child.stdout.resume(); // a pipe that nobody reads would stop it
  return { pid: child.pid ?? 0, url, worker, kill: (signal) => child.kill(signal), exited, logged: () => log };
}
