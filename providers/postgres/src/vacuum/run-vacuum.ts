import { setTimeout as sleep } from 'node:timers/promises';
import type { OutputInput, RecordOutput } from '@guichet/contract';
import { type ObservationInput, PermanentFailure, RetryableFailure, type RunContext } from '@guichet/sdk';
import type { z } from 'zod';
import { commandLine } from '../describe-session.ts';
import type { Instance } from '../instance.ts';
import { holdersOf, longTransactions, nameTransactions } from '../maintenance/others-at-it.ts';
import { isRunAlive } from '../maintenance/own-run.ts';
import { serverFailure } from '../maintenance/server-failure.ts';
import { newsOnly, watched } from '../maintenance/watched.ts';
import type { QueryMask } from '../query-mask.ts';
import { codeOf } from '../run-sql/server-refusal.ts';
import { type Figures, figuresOf } from './figures.ts';
import { amount, statementOf, type VacuumSeen } from './plan-vacuum.ts';

type Receipt = Extract<OutputInput, { kind: 'record' }>;
type Field = z.input<typeof RecordOutput>['fields'][number];
type Voice = Pick<RunContext<z.ZodObject, VacuumSeen>, 'log' | 'progress' | 'signal' | 'environment' | 'runId'>;

export interface VacuumRun {
  readonly instance: Instance;
  readonly seen: VacuumSeen;
  readonly freeze: boolean;
  readonly fast: boolean;
  readonly minutes: number;
  readonly mask: QueryMask;
  readonly voice: Voice;
}

/** It queues for the table no longer: who waits for it keeps changes of the table waiting behind. */
const LOCK_MS = 5000;

/** Vacuums the table that the plan saw, tells how far it is, and what it has brought. Rejects with an InstanceError. */
export async function runVacuum(run: VacuumRun): Promise<Receipt> {
  const { instance, seen, freeze, fast, minutes, voice } = run;
  const { database, oid, table } = seen;
  const began = performance.now();
  const start = await figuresOf(instance, seen);
  const limits = { statementMs: minutes * 60_000, lockMs: LOCK_MS };
  await instance.admin.session({ database, runId: voice.runId, ...limits, signal: voice.signal }, async (session) => {
    const [now] = await session.query<{ table: string | null }>(
      "select format('%I.%I', n.nspname, c.relname) as table from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = $1::bigint::oid",
      [oid],
    );
    if (now?.table !== table) {
      throw new PermanentFailure(`The table ${table} is not the one any more that the plan saw.`, {
        remedy: 'File the request again.',
      });
    }
    // As gentle as autovacuum is; by hand there are no pauses unless they are asked for.
    if (!fast) await session.query("set vacuum_cost_delay = '2ms'");
    voice.log(statementOf(table, { freeze }));
    const work = session.query(statementOf(table, { freeze }));
    const progress = newsOnly(voice.progress);
    await watched(work, () => tellProgress(instance, session.pid, progress)).catch((error: unknown) => fail(error, run));
  });
  return receiptOf(run, await figuresAfter(instance, seen, start), (performance.now() - began) / 1000);
}

async function fail(error: unknown, { instance, seen, minutes, mask, voice }: VacuumRun): Promise<never> {
  voice.signal.throwIfAborted();
  const place = { instance, environment: voice.environment, database: seen.database };
  if (codeOf(error) === '55P03') {
    const holders = await holdersOf(place, seen.oid, mask);
    throw new RetryableFailure(
      `The table ${seen.table} is held by others for longer than ${LOCK_MS / 1000} s; it was not vacuumed.`,
      {
        remedy: holders.length === 0 ? 'Try again.' : `Held by ${holders.join(', ')}. Try again when they are done.`,
        cause: error,
      },
    );
  }
  if (codeOf(error) === '57014') {
    throw new PermanentFailure(`It took longer than ${minutes} minutes and was stopped; what it has cleaned stays clean.`, {
      remedy: 'Run it again with more --minutes.',
      cause: error,
    });
  }
  throw serverFailure(error);
}

interface Progress {
  readonly phase: string;
  readonly done: number;
  readonly total: number;
  readonly round: number;
}

const PROGRESS = (version: number): string => `
select phase, case when phase = 'vacuuming heap' then heap_blks_vacuumed else heap_blks_scanned end::float8 as done,
  heap_blks_total::float8 as total, index_vacuum_count::int as round from pg_stat_progress_vacuum where pid = $1
${version >= 130_000 ? "union all select 'analyzing: ' || phase, sample_blks_scanned::float8, sample_blks_total::float8, 0 from pg_stat_progress_analyze where pid = $1" : ''}`;

async function tellProgress(instance: Instance, pid: number, progress: ReturnType<typeof newsOnly>): Promise<void> {
  const [now] = await instance.observer.query<Progress>(PROGRESS(await instance.version()), [pid]);
  if (now === undefined) return;
  progress({
    message: `${now.phase}${now.round > 0 ? ` (round ${now.round + 1})` : ''}, blocks`,
    done: now.done,
    total: now.total,
  });
}

/** Statistics come a moment after the work, before 15. In ms. */
const SETTLE_MS = 3000;

async function figuresAfter(instance: Instance, seen: VacuumSeen, start: Figures | undefined): Promise<Figures | undefined> {
  const began = performance.now();
  for (;;) {
    const now = await figuresOf(instance, seen);
    if (now === undefined || now.lastVacuum !== start?.lastVacuum) return now;
    if (performance.now() - began > SETTLE_MS) break;
    await sleep(50);
  }
  // The server only warns when it skips a table that it may not vacuum.
  throw new PermanentFailure(`The server has not vacuumed ${seen.table}.`, {
    remedy: 'Its rights may have changed, or track_counts is off; look at the log of the server.',
  });
}

async function receiptOf(
  { instance, seen, mask, voice }: VacuumRun,
  after: Figures | undefined,
  seconds: number,
): Promise<Receipt> {
  const place = { instance, environment: voice.environment, database: seen.database };
  const left = after?.deadRows ?? 0;
  const open = left === 0 ? [] : await longTransactions(place, mask);
  return {
    ...receipt(seen, after, instance),
    fields: [
      ...receipt(seen, after, instance).fields,
      { key: 'duration', title: 'Took', type: 'duration', value: Math.round(seconds * 10) / 10 },
    ],
    ...(left > 0 && {
      notes: [
        open.length === 0
          ? `${amount(left)} dead rows are left: they died meanwhile, or something holds them back (a replication slot, a prepared transaction).`
          : `${amount(left)} dead rows are left, that these may still see: ${nameTransactions(open, place)}.`,
      ],
    }),
  };
}

function receipt({ table, before, database }: VacuumSeen, after: Figures | undefined, instance: Instance): Receipt {
  const removed = Math.max(0, before.deadRows - (after?.deadRows ?? 0));
  const pair = (key: string, title: string, was: number | null, is: number | null, type: Field['type']): Field[] => [
    { key: `${key}Before`, title: `${title} before`, type, value: was },
    { key, title, type, value: is },
  ];
  return {
    kind: 'record',
    summary: `Vacuumed and analyzed ${table}: about ${amount(removed)} dead rows removed`,
    fields: [
      { key: 'instance', title: 'Instance', value: instance.name },
      { key: 'database', title: 'Database', value: database },
      ...pair('deadRows', 'Dead rows', before.deadRows, after?.deadRows ?? null, 'number'),
      ...pair('size', 'Size', before.size, after?.size ?? null, 'bytes'),
      ...pair('xidAge', 'Xid age', before.xidAge, after?.xidAge ?? null, 'number'),
    ],
  };
}

/** What became of a run whose end nobody saw. To vacuum again is harmless. Rejects with an InstanceError. */
export async function observeVacuum(
  { instance, seen, environment }: { instance: Instance; seen: VacuumSeen; environment: string },
  runId: string,
): Promise<ObservationInput> {
  if (await isRunAlive(instance, runId)) return { status: 'running' };
  const now = await figuresOf(instance, seen);
  if (now === undefined) {
    const remedy = `See ${commandLine('tables', { instance: instance.name, database: seen.database, env: environment })}`;
    return {
      status: 'failed',
      failure: { kind: 'permanent', message: `The table ${seen.table} is not there any more.`, remedy },
    };
  }
  // A server that has crashed counts anew: what it says of its vacuums then is nothing.
  if (now.lastVacuum === null || now.lastVacuum === seen.before.lastVacuum) return { status: 'not_started' };
  return { status: 'succeeded', output: receipt(seen, now, instance) };
}
