import { requestName } from '../requests/index.ts';
import type { Metrics } from '../telemetry/index.ts';
import type { RunChange } from './transitions.ts';

export interface RunReportOptions {
  readonly metrics: Metrics;
  readonly log: (fields: Readonly<Record<string, unknown>>, message: string) => void;
}

/** Counts and logs what becomes of runs. */
export function runReport({ metrics, log }: RunReportOptions): (change: RunChange) => void {
  return ({ row, event, state }) => {
    const { action, readAt, startedAt, runAfter, updatedAt, attempt, runId } = row;
    const provider = action.split('.')[0] ?? action;
    const fields = { request: requestName(row), action, provider };
    if (event === 'claim' && state === 'running') {
      const sinceMs = Math.max(runAfter.getTime(), updatedAt.getTime());
      metrics.runClaimed({ waitedSeconds: (readAt.getTime() - sinceMs) / 1000 });
      return log({ ...fields, attempt: attempt + 1 }, 'run claimed');
    }
    if (row.state !== 'running' && row.state !== 'unknown') return;
    const seconds = startedAt === null ? 0 : (readAt.getTime() - startedAt.getTime()) / 1000;
    metrics.runEnded({ action, provider, result: state, seconds });
    log(
      { ...fields, run_id: runId, attempt, result: state, was: row.state, duration_ms: Math.round(seconds * 1000) },
      'run ended',
    );
  };
}
