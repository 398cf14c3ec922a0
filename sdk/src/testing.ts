export { conformance } from './conformance.ts';
export type { ConformanceCheck, ConformanceSubject } from './conformance-check.ts';
export type { SampleCall } from './conformance-client.ts';
export {
  type Harness,
  type HarnessOptions,
  type HarnessRun,
  type HarnessTunnel,
  harness,
  type RunChoices,
  type TunnelChoices,
} from './harness.ts';
