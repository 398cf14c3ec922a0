export { type Harness, type HarnessOptions, type HarnessRun, harness } from './harness.ts';
