export { type ReadCall, Reads } from './service.ts';
