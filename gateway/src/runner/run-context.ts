import { context, SpanKind } from '@opentelemetry/api';
import { type RequestRow, requestName } from '../requests/index.ts';
import { contextWith, inSpan, traceOf } from '../telemetry/index.ts';

/**
 * Does work on a run as part of the trace in which its request was filed, however much later and at whichever replica;
 * every line that it logs says which run it is of.
 */
export function inRun<Result>(row: RequestRow, work: () => Promise<Result>, what: 'run' | 'observe' = 'run'): Promise<Result> {
  const request = requestName(row);
  const provider = row.action.split('.')[0] ?? row.action;
  const fields = { request, run_id: row.runId ?? '', action: row.action, provider, attempt: row.attempt };
  const parent = contextWith(fields, traceOf({ traceparent: row.traceparent }));
  const attributes = {
    'guichet.request': request,
    'guichet.run_id': row.runId ?? '',
    'guichet.action': row.action,
    'guichet.environment': row.environment,
    'guichet.attempt': row.attempt,
  };
  return context.with(parent, () => inSpan(`${what} ${row.action}`, { kind: SpanKind.CONSUMER, attributes, parent }, work));
}
