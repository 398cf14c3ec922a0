import { type Context, context, createContextKey, isSpanContextValid, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';

/** What every line of a piece of work carries; docs/spec/logs.md describes each field. */
export interface LogFields {
  request_id?: string;
  principal?: string;
  /** REQ-n. */
  request?: string;
  run_id?: string;
  action?: string;
  provider?: string;
  attempt?: number;
}

const FIELDS = createContextKey('guichet log fields');

/** Lets work carry its context over every `await`. Once a process, however many gateways it has. */
export function carryContext(): void {
  const manager = new AsyncLocalStorageContextManager().enable();
  if (!context.setGlobalContextManager(manager)) manager.disable(); // there is one already
}

/** The context in which work has these fields, beside those that it has already. */
export function contextWith(fields: LogFields, parent: Context = context.active()): Context {
  return parent.setValue(FIELDS, { ...fieldsOf(parent), ...fields });
}

/** Adds to the lines of the work that goes on now: who calls is known only after the first look. */
export function noteInLog(fields: LogFields): void {
  const current = fieldsOf(context.active());
  if (current !== undefined) Object.assign(current, fields);
}

function fieldsOf(from: Context): LogFields | undefined {
  return from.getValue(FIELDS) as LogFields | undefined; // only contextWith sets it
}

/** The fields of the work that goes on now, and its trace: for every line of the log. */
export function currentLogFields(): Record<string, unknown> {
  const active = context.active();
  const span = trace.getSpanContext(active);
  if (span === undefined || !isSpanContextValid(span)) return { ...fieldsOf(active) };
  return { ...fieldsOf(active), trace_id: span.traceId, span_id: span.spanId };
}
