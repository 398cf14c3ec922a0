export { closeServer } from './close-server.ts';
export { Metrics } from './metrics.ts';
export { createServer } from './server.ts';
