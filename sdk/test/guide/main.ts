import { gatewayKeys, serve } from '@guichet/sdk';
import { provider } from './flags.ts';

const server = await serve(provider, { port: 4420, keys: gatewayKeys('http://127.0.0.1:4400') });
process.once('SIGTERM', () => server.close());
