export { resolveTracing, type Tracing, TracingConfig } from './config.ts';
export { carryContext, contextWith, currentLogFields, type LogFields, noteInLog } from './log-context.ts';
export { METRICS } from './metric-table.ts';
export { Metrics } from './metrics.ts';
export { ProviderFigures, type ProviderPhase } from './provider-figures.ts';
export type { Reading, Sample } from './shared-gauges.ts';
export { startTracing } from './start-tracing.ts';
export {
  currentTraceparent,
  inSpan,
  inSpanNow,
  inSpanOfTrace,
  isRecording,
  spanFailed,
  streamIn,
  traceHeaders,
  traceOf,
  tracer,
} from './tracing.ts';
