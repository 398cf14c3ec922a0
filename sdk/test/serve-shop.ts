/**
 * Serves the shop in a process of its own, for tests that kill it. `KEY` is its trusted key as JSON, `DATA` its data folder;
 * with `HANG` it takes the item off the shelf, says so, and never writes down that it has.
 */
import { join } from 'node:path';
import { fileLedger, serve, staticKeys } from '../src/index.ts';
import { openShop, shopProvider } from './shop-provider.ts';

const { KEY = '', DATA: dataDir, HANG } = process.env;
const ledger = dataDir === undefined || HANG === undefined ? undefined : fileLedger(join(dataDir, 'ledger'));
const hanging = ledger && { ...ledger, end: () => new Promise<void>(() => process.stdout.write('sold\n')) };
const server = await serve(shopProvider(openShop()), {
  port: 0,
  keys: staticKeys([JSON.parse(KEY)]),
  dataDir,
  ledger: hanging,
});
process.stdout.write(`${server.url}\n`);
