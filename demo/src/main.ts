import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { GuichetError } from '@guichet/contract';
import { dataHome, freePort, makeFolder } from '@guichet/postgres-server';
import { type CompanyOptions, startCompany } from './company.ts';
import { clear, leave, occupy, refuseOccupied } from './occupant.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const HELP = `npm start: brings up Guichet with a small company around it

  npm start                    Starts everything; Ctrl-C stops everything.
  npm start -- --port 4500     The gateway on another port than 4400.
  npm start -- --identity-port 4501
                               Where people sign in on another port than the next one.
  npm start -- --data DIR      Keeps its data there instead of in .data.
  npm start -- --reset         Forgets all data of the demo first.
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '4400' },
      'identity-port': { type: 'string' },
      data: { type: 'string' },
      reset: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return void process.stdout.write(HELP);
  const port = portOf('--port', values.port);
  const identityPort = values['identity-port'] === undefined ? undefined : portOf('--identity-port', values['identity-port']);
  const home = values.data === undefined ? dataHome(PROJECT) : resolve(values.data);
  await refuseOccupied(home);
  if (values.reset) await clear(home);
  makeFolder(home);
  await occupy(home);
  try {
    await runCompany({ home, port, identityPort, ownData: values.data !== undefined });
  } finally {
    await leave(home);
  }
}

function portOf(flag: string, text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new GuichetError('usage.invalid', `${flag} ${text} is not a port.`, { remedy: 'Choose a number from 1 to 65535.' });
}

type RunOptions = Pick<CompanyOptions, 'home' | 'port' | 'identityPort' | 'ownData'>;

async function runCompany(options: RunOptions): Promise<void> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
  const company = await startCompany({ ...options, ordersPort: await freePort(), signal: stop.signal });
  if (company === undefined) return;
  if (!stop.signal.aborted)
    await new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve(), { once: true }));
  process.stdout.write('\nStopping …\n');
  await company.stop();
  process.stdout.write(`Stopped; nothing is left running. Data stays in ${options.home} (npm start -- --reset clears it).\n`);
}

function fail(error: unknown): void {
  const remedy = error instanceof GuichetError && error.remedy !== undefined ? `\n${error.remedy}` : '';
  process.stderr.write(`npm start: ${error instanceof Error ? error.message : String(error)}${remedy}\n`);
  process.exitCode = error instanceof GuichetError ? 78 : 1;
}

await main().catch(fail);
