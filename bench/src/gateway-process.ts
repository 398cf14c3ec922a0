/** A gateway in a process of its own, with the no-op provider mounted; it tells its parent over IPC. */
import { parseConfig, startApp } from '@guichet/gateway';
import { createPostgresProvider, type PostgresConfigInput } from '@guichet/provider-postgres';
import { pino } from 'pino';
import { manyActions, noopEndpoint } from './noop-provider.ts';
import { recordStatements } from './recorder.ts';

const {
  databaseUrl,
  worker,
  folder,
  company,
  port = 0,
  providers = [],
  postgres,
  console: folderOfConsole,
} = JSON.parse(process.argv[2] ?? '{}') as {
  databaseUrl: string;
  worker: boolean;
  folder: string;
  company: string;
  postgres?: PostgresConfigInput;
  console?: string;
  port?: number;
  providers?: readonly { readonly name: string; readonly url: string }[];
};
const config = parseConfig(
  {
    listen: { port },
    providers,
    console: folderOfConsole ?? false,
    database: { url: databaseUrl },
    poolSize: 16,
    company,
    sealing: { keyFromEnv: 'SEALING_KEY' },
    worker: { enabled: worker },
    limits: { calls: { max: 10_000_000 } }, // one caller makes all the calls there are
    logLevel: 'warn',
  },
  // Gateways of one database have one key.
  { path: `${folder}/guichet.yaml`, env: { SEALING_KEY: Buffer.alloc(32, 1).toString('base64') } },
);
const logger = pino({ level: 'warn' });
const app = await startApp(config, {
  mounted: [
    { name: 'noop', endpoint: noopEndpoint((entry) => process.send?.({ entered: entry })) },
    { name: 'many', endpoint: manyActions(120) },
    ...(postgres === undefined ? [] : [{ name: 'postgres', endpoint: createPostgresProvider(postgres).endpoint({ logger }) }]),
  ],
  logger,
});
const issue = async (principalId: string): Promise<string> =>
  (
    await app.tokens.issue({
      name: 'bench',
      principalId,
      expiresInDays: 1,
      scope: {},
      createdBy: { id: 'system', name: 'bench' },
    })
  ).secret;
process.send?.({ ready: { url: app.url, requester: await issue('user:ada'), approver: await issue('user:grace') } });
let recording: ReturnType<typeof recordStatements> | undefined;
process.on('message', (message) => {
  if (message === 'close') void app.close().then(() => process.exit(0));
  if (message === 'record') recording = recordStatements();
  if (message === 'recorded') process.send?.({ recorded: recording?.stop() ?? [] });
});
process.on('disconnect', () => process.exit(0));
