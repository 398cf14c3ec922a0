export { conformance } from './conformance.ts';
export type { ConformanceCheck, ConformanceSubject } from './conformance-check.ts';
export type { SampleCall } from './conformance-client.ts';
export { type Harness, type HarnessOptions, type HarnessRun, harness, type RunChoices } from './harness.ts';
