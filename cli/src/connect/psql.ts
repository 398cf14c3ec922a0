import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { constants as system } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Context } from '../context.ts';

/** The port in the name of the socket: `.s.PGSQL.5432`. No port of the network is meant. */
export const SOCKET_PORT = '5432';

/** The first psql of the PATH; undefined when there is none, or it could not use a socket. */
export function findPsql({ env }: Pick<Context, 'env'>): string | undefined {
  if (process.platform === 'win32') return undefined;
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, 'psql')).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Settings of a person's own connections, which would lead elsewhere or ask for what a socket has not. */
const FOREIGN =
  /^PG(?:HOST|HOSTADDR|PORT|DATABASE|USER|PASSWORD|PASSFILE|SERVICE|SERVICEFILE|SSL.*|REQUIRE.*|CHANNELBINDING|GSS.*|TARGETSESSIONATTRS|LOADBALANCEHOSTS)$/;

/** Runs psql at the terminal of this command, to its end; gives its exit code. Rejects when it cannot be started. */
export async function runPsql(
  context: Context,
  { program, folder, database }: { program: string; folder: string; database: string },
): Promise<number> {
  const own = Object.entries(context.env).filter(([name]) => !FOREIGN.test(name) && name !== 'GUICHET_TOKEN');
  const env = { ...Object.fromEntries(own), PGHOST: folder, PGPORT: SOCKET_PORT, PGDATABASE: database, PGUSER: 'guichet' };
  const { stdin, stdout, stderr } = context;
  stdin.setRawMode?.(false);
  stdin.pause();
  const takeBack = context.lendTerminal?.();
  try {
    // The very streams of this process, so that it has the terminal; others, which tests give, are passed on.
    const child = spawn(program, [], {
      env,
      stdio: [
        stdin === process.stdin ? 'inherit' : 'pipe',
        stdout === process.stdout ? 'inherit' : 'pipe',
        stderr === process.stderr ? 'inherit' : 'pipe',
      ],
    });
    if (child.stdin !== null) stdin.pipe(child.stdin.on('error', () => {}));
    child.stdout?.pipe(stdout, { end: false });
    child.stderr?.pipe(stderr, { end: false });
    return await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : system.signals[signal])));
    });
  } finally {
    takeBack?.();
  }
}
