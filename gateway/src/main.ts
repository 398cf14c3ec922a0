import { parseArgs } from 'node:util';
import { GuichetError } from '@guichet/contract';
import { startApp } from './app.ts';
import { loadConfig } from './config.ts';

const HELP = `guichet-gateway: the only door

  node gateway/src/main.ts --config guichet.yaml
      Starts a gateway. SIGTERM and Ctrl-C let what runs come to its end first.

  node gateway/src/main.ts --config guichet.yaml issue-token user:nadia [--name laptop] [--days 30]
      Prints a new token. For the first ones: afterwards people make their own with 'guichet tokens create'.
`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      config: { type: 'string' },
      name: { type: 'string' },
      days: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return void process.stdout.write(HELP);
  if (values.config === undefined)
    throw new GuichetError('usage.invalid', 'No configuration was named.', { remedy: 'Pass --config FILE. --help shows how.' });
  const config = loadConfig(values.config);
  const [command, principalId] = positionals;
  if (command === 'issue-token')
    return issueToken({ principalId, name: values.name ?? 'first token', days: Number(values.days ?? 30), config });
  if (command !== undefined)
    throw new GuichetError('usage.invalid', `There is no command '${command}'.`, { remedy: '--help shows what there is.' });
  const app = await startApp(config);
  stopOnSignal(() => app.close());
}

/** The first signal drains; a second one does not wait. */
function stopOnSignal(close: () => Promise<void>): void {
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      if (stopping) process.exit(130);
      stopping = true;
      close().then(() => process.exit(0), fail);
    });
}

async function issueToken({
  principalId,
  name,
  days,
  config,
}: {
  principalId: string | undefined;
  name: string;
  days: number;
  config: ReturnType<typeof loadConfig>;
}): Promise<void> {
  if (principalId === undefined)
    throw new GuichetError('usage.invalid', 'For whom?', { remedy: 'issue-token user:NAME or machine:NAME' });
  if (!Number.isInteger(days) || days < 1 || days > 366)
    throw new GuichetError('usage.invalid', '--days must be a whole number from 1 to 366.');
  const app = await startApp({
    ...config,
    providers: [],
    listen: { host: '127.0.0.1', port: 0 },
    worker: { ...config.worker, enabled: false },
    logLevel: 'error',
  });
  try {
    if (app.company.member(principalId) === undefined)
      throw new GuichetError('usage.invalid', `${principalId} is not in ${config.company}.`, {
        remedy: 'Write user:NAME or machine:NAME.',
      });
    const token = await app.tokens.issue({
      name,
      principalId,
      expiresInDays: days,
      scope: {},
      createdBy: { id: 'system', name: 'operator' },
    });
    process.stdout.write(`${token.secret}\n`);
  } finally {
    await app.close();
  }
}

function fail(error: unknown): void {
  const known = error instanceof GuichetError ? error : undefined;
  process.stderr.write(
    known === undefined
      ? `${error instanceof Error ? error.stack : String(error)}\n`
      : `${known.message}${known.remedy === undefined ? '' : `\n${known.remedy}`}\n`,
  );
  process.exitCode = 78;
  process.exit();
}

main().catch(fail);
