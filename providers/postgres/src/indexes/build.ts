import type { RunContext } from '@guichet/sdk';
import type { z } from 'zod';
import { introduce } from '../describe-session.ts';
import type { Instance } from '../instance.ts';
import { newsOnly } from '../maintenance/watched.ts';
import type { QueryMask } from '../query-mask.ts';
import { readSessions } from '../sessions.ts';

export type Voice = Pick<RunContext<z.ZodObject, unknown>, 'log' | 'progress' | 'signal' | 'environment' | 'runId'>;

interface Progress {
  readonly phase: string;
  readonly blocks: number;
  readonly blocksDone: number;
  readonly tuples: number;
  readonly tuplesDone: number;
  readonly lockers: number;
  readonly lockersDone: number;
}

const PROGRESS = `
select phase, blocks_total::float8 as blocks, blocks_done::float8 as "blocksDone", tuples_total::float8 as tuples,
  tuples_done::float8 as "tuplesDone", lockers_total::float8 as lockers, lockers_done::float8 as "lockersDone"
from pg_stat_progress_create_index where pid = $1`;

const WAITS = "select pg_blocking_pids($1) as blockers from pg_stat_activity where pid = $1 and wait_event_type = 'Lock'";

/** Tells how far a build or a drop is, and once of each session that it waits for. */
export class BuildWatch {
  readonly #told = new Set<number>();
  readonly #instance: Instance;
  readonly #mask: QueryMask;
  readonly #voice: Voice;
  readonly #progress: ReturnType<typeof newsOnly>;

  constructor(instance: Instance, mask: QueryMask, voice: Voice) {
    this.#instance = instance;
    this.#mask = mask;
    this.#voice = voice;
    this.#progress = newsOnly(voice.progress);
  }

  async look(pid: number): Promise<void> {
    const [now] = await this.#instance.observer.query<Progress>(PROGRESS, [pid]);
    if (now !== undefined) this.#progress(inUnits(now));
    const [wait] = await this.#instance.observer.query<{ blockers: number[] }>(WAITS, [pid]);
    const fresh = (wait?.blockers ?? []).filter((blocker) => !this.#told.has(blocker));
    if (fresh.length === 0) return;
    const sessions = new Map((await readSessions(this.#instance, this.#mask)).map((session) => [session.pid, session]));
    for (const blocker of fresh) {
      this.#told.add(blocker);
      const session = sessions.get(blocker);
      this.#voice.log(`Waits for ${session === undefined ? 'a prepared transaction' : introduce(session)} to end.`);
    }
  }
}

/** In what the phase counts: blocks of the table, rows, or transactions that are waited for. */
function inUnits({ phase, blocks, blocksDone, tuples, tuplesDone, lockers, lockersDone }: Progress) {
  if (phase.startsWith('waiting')) return { message: `${phase}, transactions`, done: lockersDone, total: lockers };
  if (tuples > 0) return { message: `${phase}, rows`, done: tuplesDone, total: tuples };
  return blocks > 0 ? { message: `${phase}, blocks`, done: blocksDone, total: blocks } : { message: phase };
}
