export { Transitions } from './transitions.ts';
export { Worker, type WorkerOptions } from './worker.ts';
