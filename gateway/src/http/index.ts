export { Metrics } from './metrics.ts';
export { createServer } from './server.ts';
