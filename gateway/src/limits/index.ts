export { LimitsConfig } from './config.ts';
export { Limits } from './limits.ts';
export { networkOf, Throttle } from './throttle.ts';
