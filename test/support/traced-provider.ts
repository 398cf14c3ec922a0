/**
 * The lab in a process of its own, whose author has set up OpenTelemetry as its documentation says. OTEL_EXPORTER_OTLP_ENDPOINT
 * names the collector, PORT the port, GUICHET_URL the gateway. SIGTERM sends what is left.
 */

import { gatewayKeys, serve } from '@guichet/sdk';
import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { Lab, labProvider } from './lab-provider.ts';

const provider = new TracerProvider({
  resource: resourceFromAttributes({ 'service.name': 'lab' }),
  spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })],
});
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
propagation.setGlobalPropagator(new W3CTraceContextPropagator());
trace.setGlobalTracerProvider(provider);

const keys = gatewayKeys(process.env['GUICHET_URL'] ?? '');
const server = await serve(labProvider(new Lab()), { port: Number(process.env['PORT']), keys });
process.once('SIGTERM', async () => {
  await server.close();
  await provider.shutdown();
});
process.stdout.write('serving\n');
