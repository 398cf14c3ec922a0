import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { GuichetError } from '@guichet/contract';
import { dataHome, freePort, makeFolder } from '@guichet/postgres-server';
import { startCompany } from './company.ts';
import { clear, leave, occupy, refuseOccupied } from './occupant.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const HELP = `npm start: brings up Guichet with a small company around it

  npm start                    Starts everything; Ctrl-C stops everything.
  npm start -- --port 4500     The gateway on another port than 4400.
  npm start -- --data DIR      Keeps its data there instead of in .data.
  npm start -- --reset         Forgets all data of the demo first.
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '4400' },
      data: { type: 'string' },
      reset: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return void process.stdout.write(HELP);
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new GuichetError('usage.invalid', `--port ${values.port} is not a port.`, {
      remedy: 'Choose a number from 1 to 65535.',
    });
  const home = values.data === undefined ? dataHome(PROJECT) : resolve(values.data);
  await refuseOccupied(home);
  if (values.reset) await clear(home);
  makeFolder(home);
  await occupy(home);
  try {
    await runCompany({ home, port, ownData: values.data !== undefined });
  } finally {
    await leave(home);
  }
}

async function runCompany({ home, port, ownData }: { home: string; port: number; ownData: boolean }): Promise<void> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
  const company = await startCompany({ home, port, ordersPort: await freePort(), ownData, signal: stop.signal });
  if (company === undefined) return;
  if (!stop.signal.aborted)
    await new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve(), { once: true }));
  process.stdout.write('\nStopping …\n');
  await company.stop();
  process.stdout.write(`Stopped; nothing is left running. Data stays in ${home} (npm start -- --reset clears it).\n`);
}

function fail(error: unknown): void {
  const remedy = error instanceof GuichetError && error.remedy !== undefined ? `\n${error.remedy}` : '';
  process.stderr.write(`npm start: ${error instanceof Error ? error.message : String(error)}${remedy}\n`);
  process.exitCode = error instanceof GuichetError ? 78 : 1;
}

await main().catch(fail);
