import { DiagLogLevel, diag, trace } from '@opentelemetry/api';
import type { Sampler } from '@opentelemetry/sdk-trace';
import type { Tracing } from './config.ts';

/** Where traces go, and whose they are. */
export interface TracingSettings extends Tracing {
  readonly version: string;
  /** Names this process among its replicas. */
  readonly instance: string;
  readonly onTrouble: (message: string) => void;
}

/** A collector that is away says so with every batch: that is told once in so long. */
const TOLD_EVERY_MS = 60_000;
/** What is not sent by then is lost: nobody waits for a collector to stop a gateway. */
const LAST_MS = 2000;

/**
 * Begins to record traces and to send them with OTLP over HTTP. What the collector does not take is dropped: a queue of
 * 2048 spans is all that is kept. Variables such as OTEL_EXPORTER_OTLP_HEADERS, OTEL_SERVICE_NAME and
 * OTEL_RESOURCE_ATTRIBUTES are read by the library. Returns what sends the rest and ends it.
 */
export async function startTracing(settings: TracingSettings): Promise<() => Promise<void>> {
  // A gateway without traces loads none of it.
  const [sdk, { OTLPTraceExporter }, { resourceFromAttributes, detectResources, envDetector }] = await Promise.all([
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  const { url, version, instance } = settings;
  const own = { 'service.name': 'guichet-gateway', 'service.version': version, 'service.instance.id': instance };
  const resource = resourceFromAttributes(own).merge(detectResources({ detectors: [envDetector] }));
  const exporter = new OTLPTraceExporter(url === undefined ? {} : { url });
  const provider = new sdk.TracerProvider({
    resource,
    sampler: samplerOf(settings, sdk),
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter, scheduledDelayMillis: settings.delayMs })],
  });
  let toldAt = Number.NEGATIVE_INFINITY;
  const tell = (message: string): void => {
    if (performance.now() - toldAt < TOLD_EVERY_MS) return;
    toldAt = performance.now();
    settings.onTrouble(message);
  };
  diag.setLogger(
    { error: tell, warn: tell, info: () => {}, debug: () => {}, verbose: () => {} },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  const isFirst = trace.setGlobalTracerProvider(provider);
  return async () => {
    if (isFirst) trace.disable();
    const { promise, resolve } = Promise.withResolvers<void>();
    const limit = setTimeout(resolve, LAST_MS);
    await Promise.race([provider.shutdown().catch(() => {}), promise]);
    clearTimeout(limit);
  };
}

function samplerOf({ sampler, ratio }: Tracing, sdk: typeof import('@opentelemetry/sdk-trace')): Sampler {
  const root = sampler.endsWith('always_on')
    ? new sdk.AlwaysOnSampler()
    : sampler.endsWith('always_off')
      ? new sdk.AlwaysOffSampler()
      : new sdk.TraceIdRatioBasedSampler(ratio);
  return sampler.startsWith('parentbased') ? new sdk.ParentBasedSampler({ root }) : root;
}
