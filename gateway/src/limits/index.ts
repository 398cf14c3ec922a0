export { LimitsConfig } from './config.ts';
export { Limits } from './limits.ts';
