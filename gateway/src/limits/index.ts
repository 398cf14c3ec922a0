export { LimitsConfig } from './config.ts';
export { Limits } from './limits.ts';
export { limited, networkOf, Throttle } from './throttle.ts';
export { TookTooLong, withinTime } from './within-time.ts';
