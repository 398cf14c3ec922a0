import { setTimeout as sleep } from 'node:timers/promises';
import type { OutputInput } from '@guichet/contract';
import { formatDuration } from '@guichet/contract';
import { type ObservationInput, PermanentFailure, RetryableFailure } from '@guichet/sdk';
import { commandLine } from '../describe-session.ts';
import type { Instance } from '../instance.ts';
import { InstanceError } from '../instance-error.ts';
import type { OwnSession } from '../login.ts';
import { holdersOf, longTransactions, nameTransactions } from '../maintenance/others-at-it.ts';
import { isRunAlive } from '../maintenance/own-run.ts';
import { serverFailure } from '../maintenance/server-failure.ts';
import { watched } from '../maintenance/watched.ts';
import type { QueryMask } from '../query-mask.ts';
import { codeOf } from '../run-sql/server-refusal.ts';
import { BuildWatch, type Voice } from './build.ts';
import { dropLeftover } from './drop-statement.ts';
import type { CreateSeen } from './plan-create.ts';
import { indexesOf, isBuilt, type TableIndex } from './table-indexes.ts';

type Receipt = Extract<OutputInput, { kind: 'record' }>;

export interface CreateRun {
  readonly instance: Instance;
  readonly seen: CreateSeen;
  readonly minutes: number;
  readonly waitSeconds: number;
  readonly mask: QueryMask;
  readonly voice: Voice;
}

/** Before it begins to wait for transactions the table itself has to be free, or it is not begun. In ms. */
const PROBE_MS = 3000;

/** Builds the index, tells how far it is, and leaves nothing behind that is not valid. Rejects with an InstanceError. */
export async function runCreate(run: CreateRun): Promise<Receipt> {
  const { instance, seen, minutes, waitSeconds, voice } = run;
  const began = performance.now();
  const limits = { statementMs: minutes * 60_000, lockMs: waitSeconds * 1000 };
  let begun = false;
  try {
    await instance.admin.session({ database: seen.database, runId: voice.runId, ...limits, signal: voice.signal }, (session) =>
      build(session, run, () => {
        begun = true;
      }),
    );
  } catch (error) {
    // An index of that name is somebody else's where ours was not begun, or the name was taken: it is none of our business.
    const left = begun && codeOf(error) !== NAME_TAKEN ? await leftOver(run, error) : 'nothing';
    const told = voice.signal.aborted ? undefined : await failureOf(error, run);
    if (typeof left === 'object') {
      const failure = leftFailure(run, left, told ?? error);
      // A cancelled run is told by who has cancelled it, so what is left stands in its log.
      if (voice.signal.aborted) voice.log(`${failure.message} ${failure.remedy}`, 'warn');
      throw failure;
    }
    if (left === 'nothing') {
      voice.signal.throwIfAborted();
      throw told ?? error;
    }
    voice.log('The server has finished it all the same.');
  }
  const index = await ownIndex(run);
  if (index?.valid !== true) {
    throw new PermanentFailure(`The server has built no valid index '${seen.name}'.`, {
      remedy: 'Look at the indexes of the table.',
    });
  }
  return receiptOf(instance, seen, index, (performance.now() - began) / 1000);
}

async function build(session: OwnSession, { instance, seen, mask, voice }: CreateRun, begins: () => void): Promise<void> {
  await session.query('set standard_conforming_strings = on');
  const [now] = await session.query<{ table: string }>(
    "select format('%I.%I', n.nspname, c.relname) as table from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = $1::bigint::oid",
    [seen.tableOid],
  );
  if (now?.table !== seen.table) {
    throw new PermanentFailure(`The table ${seen.table} is not the one any more that the plan saw.`, {
      remedy: 'File the request again.',
    });
  }
  // A table that is held by somebody is found out in seconds; the waits of the build itself are for transactions, and longer.
  await session.query('begin');
  await session.query(`set local lock_timeout = ${PROBE_MS}`);
  await session
    .query(`lock table ${seen.table} in share update exclusive mode`)
    .catch((error: unknown) => throwHeld(error, { instance, seen, mask, voice }));
  await session.query('commit');
  voice.log(seen.statement);
  const watch = new BuildWatch(instance, mask, voice);
  begins();
  await watched(session.rows(seen.statement), () => watch.look(session.pid));
}

async function throwHeld(
  error: unknown,
  { instance, seen, mask, voice }: Omit<CreateRun, 'minutes' | 'waitSeconds'>,
): Promise<never> {
  if (codeOf(error) !== '55P03') throw error;
  const place = { instance, environment: voice.environment, database: seen.database };
  const holders = await holdersOf(place, seen.tableOid, mask);
  throw new RetryableFailure(`The table ${seen.table} is held by others; the index was not begun.`, {
    remedy: holders.length === 0 ? 'Try again.' : `Held by ${holders.join(', ')}. Try again when they are done.`,
    cause: error,
  });
}

const ownIndex = async ({ instance, seen }: Pick<CreateRun, 'instance' | 'seen'>): Promise<TableIndex | undefined> =>
  (await indexesOf({ instance, database: seen.database }, seen.tableOid)).find(
    ({ name, schema }) => name === seen.name && schema === seen.schema,
  );

/** SQLSTATE duplicate_table, which is of indexes too. */
const NAME_TAKEN = '42P07';

/** So long a server that we have lost may need until it answers again, in ms. */
const RETURN_MS = 60_000;

/**
 * What the build has left and cannot be dropped. When only the connection was lost the server goes on with the build, so it
 * is waited for: then it may be `finished`.
 */
async function leftOver(run: CreateRun, error: unknown): Promise<TableIndex | 'nothing' | 'finished'> {
  const { instance, seen, voice } = run;
  const lost = error instanceof InstanceError;
  if (lost) {
    voice.log('The connection was lost; looking what the server makes of the build.', 'warn');
    await untilOver(instance, voice.runId);
  }
  const index = await ownIndex(run);
  if (index === undefined) return 'nothing';
  if (index.valid) return lost ? 'finished' : 'nothing';
  if (await dropLeftover({ instance, database: seen.database, runId: voice.runId }, index)) {
    voice.log(`What was left of the index '${seen.name}' was dropped.`);
    return 'nothing';
  }
  return index;
}

async function untilOver(instance: Instance, runId: string): Promise<void> {
  let lost = performance.now();
  while (performance.now() - lost < RETURN_MS) {
    try {
      if (!(await isRunAlive(instance, runId))) return;
      lost = performance.now();
    } catch (error) {
      if (!(error instanceof InstanceError)) throw error;
    }
    await sleep(500);
  }
}

async function failureOf(error: unknown, { instance, seen, minutes, waitSeconds, mask, voice }: CreateRun): Promise<unknown> {
  const place = { instance, environment: voice.environment, database: seen.database };
  const permanent = (message: string, remedy: string) => new PermanentFailure(message, { remedy, cause: error });
  switch (codeOf(error)) {
    case '23505':
      return permanent(
        `Rows of ${seen.table} have the same values, so the index cannot be unique.`,
        'Find them with run-sql (group by its columns having count(*) > 1), or build it without --unique.',
      );
    case '55P03': {
      const open = await longTransactions(place, mask);
      return new RetryableFailure(`It waited longer than ${formatDuration(waitSeconds)} for a transaction to end.`, {
        remedy: open.length === 0 ? 'Try again, or raise --wait-seconds.' : `Open are: ${nameTransactions(open, place)}.`,
        cause: error,
      });
    }
    case '57014':
      return permanent(
        `It took longer than ${minutes} minutes and was stopped.`,
        'Run it again with more --minutes, at a quieter time.',
      );
  }
  return serverFailure(error);
}

function leftFailure({ instance, seen, voice }: CreateRun, left: TableIndex, cause: unknown): PermanentFailure {
  const flags = {
    instance: instance.name,
    database: seen.database,
    index: `${left.schema}.${left.name}`,
    env: voice.environment,
  };
  const why = cause instanceof PermanentFailure || cause instanceof RetryableFailure ? `${cause.message} ` : '';
  return new PermanentFailure(
    `${why}The index '${seen.name}' is left, not valid: nobody reads it, and every write keeps it up. Its drop would have waited for others.`,
    { remedy: `Later: ${commandLine('drop-index-concurrently', flags)}`, cause },
  );
}

function receiptOf(instance: Instance, seen: CreateSeen, index: TableIndex, seconds?: number): Receipt {
  return {
    kind: 'record',
    summary: `Built the index '${seen.name}' on ${seen.table}`,
    fields: [
      { key: 'index', title: 'Index', type: 'code', value: `${index.schema}.${index.name}` },
      { key: 'definition', title: 'Definition', type: 'code', value: index.definition },
      { key: 'size', title: 'Size', type: 'bytes', value: index.size },
      { key: 'instance', title: 'Instance', value: instance.name },
      { key: 'database', title: 'Database', value: seen.database },
      ...(seconds === undefined
        ? []
        : [{ key: 'duration', title: 'Took', type: 'duration' as const, value: Math.round(seconds * 10) / 10 }]),
    ],
  };
}

/** What became of a build whose end nobody saw. What it has left is dropped. Rejects with an InstanceError. */
export async function observeCreate(
  run: Pick<CreateRun, 'instance' | 'seen'> & { readonly environment: string },
  runId: string,
): Promise<ObservationInput> {
  const { instance, seen } = run;
  // First: whoever is alive may make the index between the two looks.
  if (await isRunAlive(instance, runId)) return { status: 'running' };
  const index = await ownIndex(run);
  if (index === undefined) return { status: 'not_started' };
  if (index.valid) return { status: 'succeeded', output: receiptOf(instance, seen, index) };
  const place = { instance, database: seen.database };
  if (await isBuilt(place, index)) return { status: 'running' };
  const dropped = await dropLeftover({ ...place, runId }, index);
  const flags = {
    instance: instance.name,
    database: seen.database,
    index: `${index.schema}.${index.name}`,
    env: run.environment,
  };
  return {
    status: 'failed',
    failure: {
      kind: 'permanent',
      message: `The build of '${seen.name}' did not come to its end${dropped ? '; what it had left was dropped.' : ', and what it has left could not be dropped.'}`,
      remedy: dropped ? 'File it again.' : `Later: ${commandLine('drop-index-concurrently', flags)}`,
    },
  };
}
