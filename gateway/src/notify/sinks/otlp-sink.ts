import type { AuditEvent } from '@guichet/contract';
import type { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { VERSION } from '../../version.ts';
import type { SinkSettings } from './config.ts';
import type { Sink } from './sink.ts';

type LogRecord = Parameters<OTLPLogExporter['export']>[0][number];

/** How long the exporter tries by itself; what it does not bring about is tried again by whoever called. */
const PATIENCE_MS = 10_000;
/** Severities of OpenTelemetry: what was refused or failed is worth a second look, and no error of the gateway. */
const SEVERITY = { ok: [9, 'INFO'], denied: [13, 'WARN'], failed: [13, 'WARN'] } as const;
const SCOPE = { name: 'guichet.audit', version: VERSION };

/**
 * Sends each event as a log record, by the exporter of OpenTelemetry: OTLP over HTTP. The library reads
 * OTEL_EXPORTER_OTLP_HEADERS, OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES.
 */
export async function otlpSink({ url }: SinkSettings): Promise<Sink> {
  // A gateway without such a sink loads none of it.
  const [{ OTLPLogExporter }, { resourceFromAttributes, detectResources, envDetector }] = await Promise.all([
    import('@opentelemetry/exporter-logs-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  const exporter = new OTLPLogExporter({ url, timeoutMillis: PATIENCE_MS });
  const own = { 'service.name': 'guichet-gateway', 'service.version': VERSION };
  const resource = resourceFromAttributes(own).merge(detectResources({ detectors: [envDetector] }));
  return {
    deliver: (events) =>
      new Promise((resolve, reject) => {
        exporter.export(
          events.map((event) => toLogRecord(event, resource)),
          ({ code, error }) => (code === 0 ? resolve() : reject(error ?? new Error('the collector took nothing'))),
        );
      }),
    close: () => exporter.shutdown(),
  };
}

function toLogRecord(event: AuditEvent, resource: LogRecord['resource']): LogRecord {
  const [severityNumber, severityText] = SEVERITY[event.outcome];
  const milliseconds = Date.parse(event.at);
  const at: [number, number] = [Math.floor(milliseconds / 1000), (milliseconds % 1000) * 1_000_000];
  const { action, environment, resource: subject, request } = event;
  const facts = { action, environment, resource: subject, request };
  return {
    hrTime: at,
    hrTimeObserved: at,
    severityNumber,
    severityText,
    eventName: `guichet.${event.type}`,
    body: JSON.stringify(event),
    resource,
    instrumentationScope: SCOPE,
    attributes: {
      'guichet.audit.id': event.id,
      'guichet.audit.type': event.type,
      'guichet.audit.outcome': event.outcome,
      'guichet.actor.id': event.actor.id,
      'guichet.actor.name': event.actor.name,
      ...Object.fromEntries(
        Object.entries(facts).flatMap(([name, value]) => (value === null ? [] : [[`guichet.${name}`, value] as const])),
      ),
    },
    droppedAttributesCount: 0,
  };
}
