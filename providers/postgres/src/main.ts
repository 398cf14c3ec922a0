import { parseArgs } from 'node:util';
import { ERRORS, GuichetError } from '@guichet/contract';
import { gatewayKeys, serve } from '@guichet/sdk';
import { loadPostgresProvider } from './provider.ts';

const HELP = `Serves the PostgreSQL actions of Guichet over HTTP.

  --config FILE    the instances (docs/guide/postgres.md); postgres.yaml when absent
  --gateway URL    the gateway whose grants are taken; http://127.0.0.1:4400 when absent
  --host ADDRESS   address to listen on; 127.0.0.1 when absent
  --port PORT      4420 when absent
  --data FOLDER    where it keeps the ledger of used grants and the key of its receipts; when absent,
                   grants are remembered in memory and no receipts are signed
`;

async function main(): Promise<void> {
  const options = parse();
  if (options === undefined) return void process.stdout.write(HELP);
  const provider = loadPostgresProvider(options.config);
  const server = await serve(provider, {
    port: options.port,
    host: options.host,
    keys: gatewayKeys(options.gateway),
    ...(options.data !== undefined && { dataDir: options.data }),
  });
  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    await server.close();
    await provider.close();
    process.stdout.write('postgres: stopped\n');
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // Said last: who waits for this line may stop us at once.
  process.stdout.write(`postgres: serving on ${server.url}\n`);
}

function parse(): { config: string; gateway: string; host: string; port: number; data: string | undefined } | undefined {
  const { values } = readArguments();
  if (values.help) return undefined;
  const port = Number(values.port);
  if (!/^[0-9]+$/.test(values.port) || port > 65_535) throw usage(`--port ${values.port} is not a port.`);
  if (!URL.canParse(values.gateway)) throw usage(`--gateway ${values.gateway} is not an address.`);
  return { config: values.config, gateway: values.gateway, host: values.host, port, data: values.data };
}

function readArguments() {
  try {
    return parseArgs({
      options: {
        config: { type: 'string', default: 'postgres.yaml' },
        gateway: { type: 'string', default: 'http://127.0.0.1:4400' },
        host: { type: 'string', default: '127.0.0.1' },
        port: { type: 'string', default: '4420' },
        data: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw usage(error instanceof Error ? error.message : String(error));
  }
}

function usage(message: string): GuichetError {
  return new GuichetError('usage.invalid', message, { remedy: 'See --help.' });
}

await main().catch((error: unknown) => {
  const remedy = error instanceof GuichetError && error.remedy !== undefined ? `\n${error.remedy}` : '';
  process.stderr.write(`postgres: ${error instanceof Error ? error.message : String(error)}${remedy}\n`);
  process.exitCode = error instanceof GuichetError ? ERRORS[error.code].exit : 1;
});
