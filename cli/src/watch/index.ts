export { watchRead } from './watch-read.ts';
export { watchSeconds } from './watch-seconds.ts';
