import { GuichetError } from '@guichet/contract';
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { HandlerSite } from './handler-errors.ts';

/**
 * Runs a handler as a span of the trace of its call. Where the author has set up no OpenTelemetry this does nothing: only
 * its API is asked, which then has nobody to tell. Inputs, outputs and messages of errors are not told.
 */
export function inHandlerSpan<Value>(
  { provider, action, phase }: HandlerSite,
  environment: string,
  handler: () => Promise<Value>,
): Promise<Value> {
  const attributes = {
    'guichet.provider': provider.provider,
    'guichet.action': `${provider.provider}.${action.name}`,
    'guichet.environment': environment,
  };
  const tracer = trace.getTracer('guichet-sdk');
  return tracer.startActiveSpan(`${phase} ${action.name}`, { kind: SpanKind.SERVER, attributes }, async (span) => {
    try {
      return await handler();
    } catch (error) {
      span.setAttribute('error.type', error instanceof GuichetError ? error.code : 'internal');
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  });
}

/** Answers a call within the trace that its headers name, unless an instrumentation of the server has made a span of it already. */
export function inTraceOf<Value>(headers: Readonly<Record<string, unknown>>, work: () => Promise<Value>): Promise<Value> {
  if (trace.getActiveSpan() !== undefined) return work();
  return context.with(propagation.extract(context.active(), headers), work);
}
