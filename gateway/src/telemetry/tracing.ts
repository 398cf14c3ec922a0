import { GuichetError } from '@guichet/contract';
import {
  type Attributes,
  type Context,
  context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';

const W3C = new W3CTraceContextPropagator();
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

const TEXT_MAP = {
  get: (carrier: Readonly<Record<string, unknown>>, key: string): string | undefined => {
    const value = carrier[key];
    return typeof value === 'string' && value.length <= 512 ? value : undefined;
  },
  keys: (carrier: Readonly<Record<string, unknown>>): string[] => Object.keys(carrier),
};

/** The tracer of this process: it does nothing unless startTracing has been called. */
export const tracer = (): Tracer => trace.getTracer('guichet-gateway');

/** The trace that the headers of a call continue, in W3C's form; a root when they name none. */
export function traceOf(headers: Readonly<Record<string, unknown>>): Context {
  return W3C.extract(ROOT_CONTEXT, headers, TEXT_MAP);
}

/** Headers that let whoever is called continue the trace of the work that goes on now; also where nothing is recorded here. */
export function traceHeaders(): Record<string, string> {
  const headers: Record<string, string> = {};
  W3C.inject(context.active(), headers, { set: (carrier, key, value) => Object.assign(carrier, { [key]: value }) });
  return headers;
}

/** The trace of the work that goes on now, to be stored; null when it has none. */
export function currentTraceparent(): string | null {
  const { traceparent } = traceHeaders();
  return traceparent !== undefined && TRACEPARENT.test(traceparent) ? traceparent : null;
}

interface SpanOptions {
  readonly kind?: SpanKind;
  readonly attributes?: Attributes;
  /** Instead of the work that goes on now. */
  readonly parent?: Context;
}

/** Does work as a span of the trace. Of an error only its code is told: messages may quote what callers sent. */
export async function inSpan<Result>(
  name: string,
  { kind = SpanKind.INTERNAL, attributes = {}, parent = context.active() }: SpanOptions,
  work: (span: Span) => Promise<Result>,
): Promise<Result> {
  const span = tracer().startSpan(name, { kind, attributes }, parent);
  try {
    return await context.with(trace.setSpan(parent, span), () => work(span));
  } catch (error) {
    spanFailed(span, error);
    throw error;
  } finally {
    span.end();
  }
}

/** The same where nothing is recorded unless a trace is under way: what an idle gateway does by itself makes no traces. */
export function inSpanOfTrace<Result>(
  name: string,
  options: Omit<SpanOptions, 'parent'>,
  work: () => Promise<Result>,
): Promise<Result> {
  return isRecording() ? inSpan(name, options, work) : work();
}

/** The same for work that is done when it returns. */
export function inSpanNow<Result>(name: string, attributes: Attributes, work: (span: Span | undefined) => Result): Result {
  if (!isRecording()) return work(undefined);
  const span = tracer().startSpan(name, { attributes });
  try {
    return work(span);
  } finally {
    span.end();
  }
}

export const isRecording = (): boolean => trace.getActiveSpan()?.isRecording() === true;

/** Takes the error, or the word that says what came instead of a result. */
export function spanFailed(span: Span, error: unknown): void {
  const code = typeof error === 'string' ? error : error instanceof GuichetError ? error.code : 'internal';
  span.setAttribute('error.type', code);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

interface StreamListener<Item> {
  readonly onItem: (item: Item) => void;
  /** Once: at its end, at its error, or when its reader leaves. */
  readonly onEnd: (error?: unknown) => void;
}

/** A stream whose every step is taken in the context. */
export function streamIn<Item>(
  within: Context,
  stream: AsyncIterable<Item>,
  { onItem, onEnd }: StreamListener<Item>,
): AsyncIterable<Item> {
  const said = context.with(within, () => stream[Symbol.asyncIterator]());
  let ended = false;
  const end = (error?: unknown): void => {
    if (!ended) onEnd(error);
    ended = true;
  };
  // No generator: while one waits for an item its return() waits too, and would not reach the stream.
  const iterator: AsyncIterator<Item> = {
    next: async () => {
      try {
        const next = await context.with(within, () => said.next());
        if (next.done === true) end();
        else onItem(next.value);
        return next;
      } catch (error) {
        end(error);
        throw error;
      }
    },
    return: async () => {
      end();
      await context.with(within, async () => said.return?.());
      return { done: true, value: undefined };
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}
