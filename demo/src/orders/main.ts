/**
 * The orders service of the demo company: a service that offers its own actions through the SDK.
 *
 *     ORDERS_PORT  port to serve on, 4410 when absent
 *     GUICHET_URL  address of the gateway, http://127.0.0.1:4400 when absent
 *     ORDERS_DATA  folder of the refunds and the holds, and of the ledger and the key of the provider
 */
import { join } from 'node:path';
import { gatewayKeys, serve } from '@guichet/sdk';
import { openHolds } from './holds.ts';
import { ordersProvider } from './provider.ts';
import { openRefundLedger } from './refund-ledger.ts';

const EXIT_CONFIG = 78;

async function main(environment: NodeJS.ProcessEnv): Promise<void> {
  const { ORDERS_PORT = '4410', GUICHET_URL = 'http://127.0.0.1:4400', ORDERS_DATA } = environment;
  if (ORDERS_DATA === undefined || ORDERS_DATA === '')
    return misconfigured('ORDERS_DATA is not set: name a folder for the refund ledger');
  if (!/^[0-9]{1,5}$/.test(ORDERS_PORT) || Number(ORDERS_PORT) > 65_535)
    return misconfigured(`ORDERS_PORT is not a port: ${ORDERS_PORT}`);
  if (!URL.canParse(GUICHET_URL)) return misconfigured(`GUICHET_URL is not an address: ${GUICHET_URL}`);

  const refunds = await openRefundLedger(join(ORDERS_DATA, 'refunds.jsonl'));
  const holds = await openHolds(join(ORDERS_DATA, 'holds.jsonl'));
  const server = await serve(ordersProvider({ refunds, holds }), {
    port: Number(ORDERS_PORT),
    keys: gatewayKeys(GUICHET_URL),
    dataDir: join(ORDERS_DATA, 'guichet'),
  });

  // Whoever started it may be gone when it has something to say.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    await server.close();
    await refunds.close();
    await holds.close();
    process.stdout.write('orders: stopped\n');
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // Said last: who waits for this line may stop us at once.
  process.stdout.write(`orders: serving on ${server.url}\n`);
}

function misconfigured(message: string): void {
  process.stderr.write(`orders: ${message}\n`);
  process.exitCode = EXIT_CONFIG;
}

await main(process.env).catch((error: unknown) => {
  process.stderr.write(`orders: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
