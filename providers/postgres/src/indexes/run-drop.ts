import { formatDuration, type OutputInput } from '@guichet/contract';
import { type ObservationInput, PermanentFailure, RetryableFailure } from '@guichet/sdk';
import { commandLine } from '../describe-session.ts';
import type { Instance } from '../instance.ts';
import { longTransactions, nameTransactions } from '../maintenance/others-at-it.ts';
import { isRunAlive } from '../maintenance/own-run.ts';
import { serverFailure } from '../maintenance/server-failure.ts';
import { watched } from '../maintenance/watched.ts';
import type { QueryMask } from '../query-mask.ts';
import { codeOf } from '../run-sql/server-refusal.ts';
import { BuildWatch, type Voice } from './build.ts';
import { dropIndex } from './drop-statement.ts';
import type { DropSeen } from './plan-drop.ts';
import { indexByOid } from './table-indexes.ts';

type Receipt = Extract<OutputInput, { kind: 'record' }>;

export interface DropRun {
  readonly instance: Instance;
  readonly seen: DropSeen;
  readonly waitSeconds: number;
  readonly mask: QueryMask;
  readonly voice: Voice;
}

/** In ms; nearly all of it is waiting, which has a limit of its own. */
const STATEMENT_MS = 3_600_000;

/** Drops the index that the plan saw. Rejects with an InstanceError. */
export async function runDrop({ instance, seen, waitSeconds, mask, voice }: DropRun): Promise<Receipt> {
  const limits = { statementMs: STATEMENT_MS, lockMs: waitSeconds * 1000 };
  const wanted = { database: seen.database, runId: voice.runId, ...limits, signal: voice.signal };
  return instance.admin.session(wanted, async (session) => {
    voice.log(`DROP INDEX CONCURRENTLY ${seen.quoted}`);
    const watch = new BuildWatch(instance, mask, voice);
    const there = await watched(dropIndex(session, seen), () => watch.look(session.pid)).catch(async (error: unknown) => {
      if (voice.signal.aborted) await tellLeft({ instance, seen, voice });
      voice.signal.throwIfAborted();
      const place = { instance, environment: voice.environment, database: seen.database };
      if (codeOf(error) === '55P03') {
        const open = await longTransactions(place, mask);
        throw new RetryableFailure(
          `It waited longer than ${formatDuration(waitSeconds)} for others to end. The index may not be valid any more: then nobody reads it.`,
          {
            remedy: `Run it again.${open.length === 0 ? '' : ` Open are: ${nameTransactions(open, place)}.`}`,
            cause: error,
          },
        );
      }
      throw serverFailure(error);
    });
    if (there) return receiptOf(instance, seen);
    if ((await indexByOid({ instance, database: seen.database }, seen.oid)) === undefined)
      return receiptOf(instance, seen, 'gone');
    throw new PermanentFailure(`The index ${seen.quoted} has another name by now; it was not dropped.`, {
      remedy: 'File the request again.',
    });
  });
}

/** A drop that was broken off leaves an index that nobody reads and every write keeps up: whoever cancelled it must know. */
async function tellLeft({ instance, seen, voice }: Pick<DropRun, 'instance' | 'seen' | 'voice'>): Promise<void> {
  const index = await indexByOid({ instance, database: seen.database }, seen.oid);
  if (index === undefined || index.valid) return;
  const flags = {
    instance: instance.name,
    database: seen.database,
    index: `${index.schema}.${index.name}`,
    env: voice.environment,
  };
  const again = commandLine('drop-index-concurrently', flags);
  voice.log(`The index ${seen.quoted} is left, not valid: nobody reads it, and every write keeps it up. Later: ${again}`, 'warn');
}

function receiptOf(
  { name }: Instance,
  { quoted, table, definition, size, database }: DropSeen,
  outcome: 'dropped' | 'gone' = 'dropped',
): Receipt {
  return {
    kind: 'record',
    summary:
      outcome === 'dropped' ? `Dropped the index ${quoted} of ${table}` : `The index ${quoted} of ${table} was gone already`,
    fields: [
      { key: 'outcome', title: 'Outcome', type: 'state', value: outcome },
      { key: 'definition', title: 'Was', type: 'code', value: definition },
      { key: 'size', title: 'Freed', type: 'bytes', value: outcome === 'dropped' ? size : 0 },
      { key: 'instance', title: 'Instance', value: name },
      { key: 'database', title: 'Database', value: database },
    ],
  };
}

/** What became of a drop whose end nobody saw. To drop again is harmless. Rejects with an InstanceError. */
export async function observeDrop(
  { instance, seen }: { instance: Instance; seen: DropSeen },
  runId: string,
): Promise<ObservationInput> {
  if (await isRunAlive(instance, runId)) return { status: 'running' };
  const index = await indexByOid({ instance, database: seen.database }, seen.oid);
  return index === undefined ? { status: 'succeeded', output: receiptOf(instance, seen) } : { status: 'not_started' };
}
