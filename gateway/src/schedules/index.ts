export { LATE_MS, ScheduleClock } from './schedule-clock.ts';
export { type Bearing, type CreateCall, Schedules, tellSchedule } from './schedules.ts';
export { pauseWhatMayHaveFiled } from './store.ts';
export { Times } from './times.ts';
