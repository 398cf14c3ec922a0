/** Serves the shop in a process of its own, for tests that kill it. `KEY` is its trusted key as JSON. */
import { serve, staticKeys } from '../src/index.ts';
import { openShop, shopProvider } from './shop-provider.ts';

const server = await serve(shopProvider(openShop()), { port: 0, keys: staticKeys([JSON.parse(process.env['KEY'] ?? '')]) });
process.stdout.write(`${server.url}\n`);
