import { randomUUID } from 'node:crypto';
import { lockResource, type RequestRow, requestName } from '../requests/index.ts';
import type { Timekeeper } from '../timekeeper.ts';
import { Execution, type ExecutionOptions } from './execution.ts';
import { Observer } from './observer.ts';
import { inRun } from './run-context.ts';
import { leasesOver, lockLost, lockNext, renewLeases, whatIsDue } from './store.ts';

export interface WorkerOptions extends ExecutionOptions {
  /** Unique among all processes that ever run: a name that comes back would renew a dead worker's leases. */
  readonly name: string;
  readonly concurrency: number;
  /** A worker that has not renewed for so long is dead, in seconds. */
  readonly leaseSeconds: number;
  /** How often leases are renewed and the tables looked at, in ms; well below the lease. */
  readonly tickMs: number;
  /** Rung at each tick for what is due by it, beside runs. */
  readonly timekeeper?: Timekeeper;
}

interface Begun {
  readonly execution: Execution;
  readonly done: Promise<void>;
}

/**
 * Claims runs and runs them. It wakes when the bus says that something is queued, and looks by itself every tick, so that
 * a lost message costs a tick. The same tick finds runs whose worker is dead, unknown runs that can be observed, and what is due by clocks.
 */
export class Worker {
  readonly #options: WorkerOptions;
  readonly #running = new Map<string, Begun>();
  readonly #observer: Observer;
  readonly #whatIsDue: ReturnType<typeof whatIsDue>;
  #claiming: Promise<void> | undefined;
  #again = false;
  #stopped = false;
  #drained = false;
  #ticking: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #troubledAt = Number.NEGATIVE_INFINITY;
  #unsubscribe: () => void = () => {};

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#observer = new Observer(options);
    this.#whatIsDue = whatIsDue(options.timekeeper?.conditions);
  }

  start(): void {
    this.#unsubscribe = this.#options.bus.subscribe('queue', () => this.#wake());
    this.#schedule();
    this.#wake();
  }

  /** From now on no new run is taken; those that run go on. */
  takeNoMore(): void {
    this.#stopped = true;
    this.#unsubscribe();
  }

  /** Takes no new run, and waits for those that run; at the limit they are stopped, and observed by others. */
  async drain(limitMs: number): Promise<void> {
    this.takeNoMore();
    await this.#claiming;
    const all = Promise.all([...this.#running.values()].map(({ done }) => done));
    const limit = setTimeout(() => {
      for (const { execution } of this.#running.values()) execution.stop('drain');
    }, limitMs);
    await all;
    clearTimeout(limit);
    await this.#observer.stop();
    this.#drained = true;
    clearTimeout(this.#timer);
    await this.#ticking;
  }

  get size(): number {
    return this.#running.size;
  }

  #wake(): void {
    this.#again = true;
    this.#claiming ??= this.#claimAll().finally(() => {
      this.#claiming = undefined;
      if (this.#again && !this.#stopped) this.#wake(); // it rang while the last round was ending
    });
  }

  async #claimAll(): Promise<void> {
    while (this.#again && !this.#stopped) {
      this.#again = false;
      const free = this.#options.concurrency - this.#running.size;
      if (free <= 0) return; // the end of a run wakes us
      try {
        const looked = await this.#claim(free);
        if (looked === free) this.#again = true; // there may be more
      } catch (error) {
        this.#options.onError(error);
      }
    }
  }

  /** Claims what is queued, and begins it; how many were looked at. */
  async #claim(limit: number): Promise<number> {
    const { db, transitions, name, leaseSeconds } = this.#options;
    const begun: Begun[] = [];
    const claimed = Promise.withResolvers<boolean>();
    try {
      const looked = await db.transaction(async (tx) => {
        const ours: RequestRow[] = [];
        const rows = await lockNext(tx, limit);
        for (const row of rows) {
          const runId = randomUUID();
          const event = { type: 'claim', runId, worker: name, leaseMs: leaseSeconds * 1000 } as const;
          const state = await transitions.apply(tx, row, { event, fence: true });
          if (state === 'running')
            ours.push({
              ...row,
              state: 'running',
              runId,
              attempt: row.attempt + 1,
              fencingToken: String(BigInt(row.fencingToken) + 1n),
              dispatchedAt: null,
            });
          // Not claimable any more: its approval is too old. Another state: it has ended instead.
          else if (state === undefined) await transitions.apply(tx, row, { event: { type: 'expire' } });
        }
        // While the commit is under way, policy and plan are asked; nothing is done before it has come.
        begun.push(...ours.map((row) => this.#begin(row, claimed.promise)));
        return rows.length;
      });
      for (const each of begun) this.#keep(each);
      claimed.resolve(true);
      return looked;
    } catch (error) {
      claimed.resolve(false);
      for (const { execution } of begun) execution.stop('fenced_out');
      throw error;
    }
  }

  #begin(row: RequestRow, claimed: Promise<boolean>): Begun {
    const execution = new Execution(row, this.#options);
    const done = inRun(row, () => execution.run(claimed)).catch((error: unknown) => this.#options.onError(error));
    return { execution, done };
  }

  /** It is ours: its lease is renewed from now on, until its end. */
  #keep({ execution, done }: Begun): void {
    const { number } = execution.row;
    // The bus carries no facts: the renewal reads the wish to cancel.
    const unsubscribe = this.#options.bus.subscribe(`cancel:${number}`, () => void this.#renew([number]));
    const ended = done.finally(() => {
      unsubscribe();
      if (this.#running.get(number)?.execution === execution) this.#running.delete(number);
      if (!this.#stopped) this.#wake();
    });
    this.#running.set(number, { execution, done: ended });
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      this.#ticking = this.#tick()
        .catch((error: unknown) => this.#options.onError(error))
        .finally(() => {
          if (!this.#drained) this.#schedule(); // leases are renewed until the last run has ended
        });
    }, this.#options.tickMs);
  }

  async #tick(): Promise<void> {
    if (this.#running.size > 0) await this.#renew([...this.#running.keys()]);
    await this.#observer.renew();
    if (this.#stopped) return;
    const due = await this.#whatIsDue(this.#options.db).catch((error: unknown) => {
      this.#troubledAt = performance.now();
      throw error;
    });
    this.#options.timekeeper?.ring(due.others);
    if (due.queued) this.#wake();
    // A database that was away let nobody renew: the living get the time of a lease to say so before anybody is buried.
    if (due.lost && performance.now() - this.#troubledAt > this.#options.leaseSeconds * 1000) await this.#buryTheDead();
    if (due.unknown) await this.#observer.observeDue();
  }

  /** Renews leases; a run that was asked to cancel is stopped, one that is not ours any more is let go. */
  async #renew(numbers: readonly string[]): Promise<void> {
    const { db, name, leaseSeconds, onError } = this.#options;
    // Those of this moment: a number may stand for another run by the time the answer is here.
    const executions = numbers.flatMap((number) => this.#running.get(number)?.execution ?? []);
    try {
      const renewed = await renewLeases(db, { numbers, worker: name, seconds: leaseSeconds });
      for (const execution of executions) {
        const { number, fencingToken } = execution.row;
        const row = renewed.find((each) => each.number === number && each.fencingToken === fencingToken);
        // Its end was just committed, or somebody else owns it now: either way it is ours no more.
        if (row === undefined) execution.stop('fenced_out');
        else if (row.cancelRequestedAt !== null) execution.stop('cancel');
      }
    } catch (error) {
      onError(error);
    }
  }

  async #buryTheDead(): Promise<void> {
    const { db, transitions, windows, onError } = this.#options;
    for (const over of await leasesOver(db, 50))
      await db.transaction(async (tx) => {
        await lockResource(tx, over, 'alone');
        const row = await lockLost(tx, over.number);
        if (row === undefined) return;
        const message = `Its worker ${row.worker ?? ''} let its lease end at ${row.leaseUntil?.toISOString() ?? 'once'}.`;
        await transitions.apply(tx, row, { event: { type: 'lose', message, startWindowMs: windows.startMs }, fence: true });
        tx.afterCommit(() => onError(new Error(`${requestName(row)}: ${message}`)));
      });
  }
}
