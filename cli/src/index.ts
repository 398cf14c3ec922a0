export { type Context, Interrupted } from './context.ts';
export { run } from './run.ts';
export { VERSION } from './version.ts';
