export { endWhatMayHaveFiled } from './restored.ts';
export { LATE_MS, ScheduleClock } from './schedule-clock.ts';
export { type Bearing, type CreateCall, Schedules } from './schedules.ts';
export { Times } from './times.ts';
