export { runReport } from './run-report.ts';
export { Transitions } from './transitions.ts';
export { Worker, type WorkerOptions } from './worker.ts';
