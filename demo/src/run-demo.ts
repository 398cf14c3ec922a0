import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GuichetError } from '@guichet/contract';
import { dataHome, freePort, makeFolder } from '@guichet/postgres-server';
import { type CompanyOptions, startCompany } from './company.ts';
import { clear, leave, occupy, refuseOccupied } from './occupant.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

/** The flags that both commands of the demo take, for parseArgs. */
export const FLAGS = {
  port: { type: 'string', default: '4400' },
  'identity-port': { type: 'string' },
  data: { type: 'string' },
  reset: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

export interface DemoOptions {
  /** The command as it was typed, such as `npm start`. */
  readonly command: string;
  readonly flags: {
    readonly port: string;
    readonly 'identity-port'?: string | undefined;
    readonly data?: string | undefined;
    readonly reset?: boolean | undefined;
  };
  readonly replicas?: CompanyOptions['replicas'];
}

/** Brings the company up in its folder, and takes it down at Ctrl-C. */
export async function runDemo({ command, flags, replicas }: DemoOptions): Promise<void> {
  const port = portOf('--port', flags.port);
  const identity = flags['identity-port'];
  const identityPort = identity === undefined ? undefined : portOf('--identity-port', identity);
  const home = flags.data === undefined ? dataHome(PROJECT) : resolve(flags.data);
  await refuseOccupied(home);
  if (flags.reset) await clear(home);
  makeFolder(home);
  await occupy(home);
  try {
    const stop = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
    const { signal } = stop;
    const ordersPort = await freePort();
    const company = await startCompany({
      home,
      port,
      identityPort,
      ownData: flags.data !== undefined,
      ordersPort,
      signal,
      replicas,
    });
    if (company === undefined) return;
    if (!signal.aborted) await new Promise<void>((done) => signal.addEventListener('abort', () => done(), { once: true }));
    process.stdout.write('\nStopping …\n');
    await company.stop();
    process.stdout.write(`Stopped; nothing is left running. Data stays in ${home} (${command} -- --reset clears it).\n`);
  } finally {
    await leave(home);
  }
}

function portOf(flag: string, text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new GuichetError('usage.invalid', `${flag} ${text} is not a port.`, { remedy: 'Choose a number from 1 to 65535.' });
}

/** Says what went wrong with a command, in words. */
export function failDemo(command: string): (error: unknown) => void {
  return (error) => {
    const remedy = error instanceof GuichetError && error.remedy !== undefined ? `\n${error.remedy}` : '';
    process.stderr.write(`${command}: ${error instanceof Error ? error.message : String(error)}${remedy}\n`);
    process.exitCode = error instanceof GuichetError ? 78 : 1;
  };
}
