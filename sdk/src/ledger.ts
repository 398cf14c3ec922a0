import type { LedgerEntry, LedgerPage, LedgerQuery, LedgerStatus, Output, ProviderFailure } from '@guichet/contract';

/** What is written down before the handler of a write begins. */
export interface LedgerIntent extends Omit<LedgerEntry, 'status' | 'finishedAt' | 'result' | 'receipt'> {
  /** `iat` of the grant. */
  readonly issuedAt: string;
  /** When the run is over whatever happens, unless its handler ignores its signal. */
  readonly deadlineAt: string;
}

/** The end that the stream of a run told. */
export interface ToldEnd {
  readonly output?: Output | undefined;
  readonly failure?: ProviderFailure | undefined;
}

/** What is written down when the handler has ended, before the stream says so. */
export interface LedgerOutcome {
  readonly status: Exclude<LedgerStatus, 'started'>;
  readonly finishedAt: string;
  /** Digest of the output or failure. */
  readonly result: string | null;
  readonly receipt: string | null;
  /** Absent where it is too long, or where the action takes secrets. */
  readonly told?: ToldEnd | undefined;
}

/** A run as the ledger knows it. */
export interface LedgerRecord extends LedgerEntry {
  readonly told?: ToldEnd | undefined;
  /**
   * `running`: its handler may be at work. `over`: it is certain that it is not, and never will be again. `unknown`: its time
   * is over, and nobody can tell whether its process is.
   */
  readonly handler: 'running' | 'over' | 'unknown';
}

/**
 * What a provider remembers of the grants that it has used: so that the run of a write happens once, so that it can say
 * afterwards what became of it, and so that the gateway's record can be held against it.
 *
 * A rejection of `begin` or `close` means that nothing runs. Replicas of one provider must share their ledger.
 */
export interface Ledger {
  /**
   * Durable when it resolves. True for the first intent with this grant and this run; false when one of them is known, when
   * the run was closed, or when the ledger is younger than the grant. Must be atomic: of two at once, one gets true at most.
   */
  begin(intent: LedgerIntent): Promise<boolean>;
  /** Durable when it resolves. The first outcome of a run stays; `unknown` gives way to another. */
  end(run: string, outcome: LedgerOutcome): Promise<void>;
  /** From now on no run with this id begins. False when one has. */
  close(run: string): Promise<boolean>;
  /** Undefined when no run with this id has begun. */
  find(run: string): Promise<LedgerRecord | undefined>;
  /** Runs in the order in which they began. Absent: the provider does not offer its ledger to the gateway. */
  list?(query: LedgerQuery): Promise<LedgerPage>;
}

/** How many runs begin between two sweeps of what nobody can ask for any more. */
const SWEEP_EVERY = 1024;
/** A grant that is older has expired, whatever the clocks say. */
const FORGET_MS = 5 * 60_000;

interface Known {
  readonly record: LedgerRecord | undefined;
  readonly at: number;
}

/**
 * A ledger in the memory of this process. It also refuses what was issued before it was made: an earlier process may have
 * used that grant already.
 */
export function memoryLedger(now: () => number = Date.now): Ledger {
  const madeAt = now();
  const grants = new Map<string, number>();
  const runs = new Map<string, Known>();
  let begun = 0;

  function sweep(): void {
    const before = now() - FORGET_MS;
    for (const [grant, at] of grants) if (at < before) grants.delete(grant);
    for (const [run, { at, record }] of runs) if (at < before && record?.status !== 'started') runs.delete(run);
  }

  return {
    async begin({ issuedAt, deadlineAt: _, ...entry }) {
      if (Date.parse(issuedAt) < madeAt || grants.has(entry.grant) || runs.has(entry.run)) return false;
      grants.set(entry.grant, now());
      const record = { ...entry, status: 'started', finishedAt: null, result: null, receipt: null, handler: 'over' } as const;
      runs.set(entry.run, { record, at: now() });
      begun += 1;
      if (begun % SWEEP_EVERY === 0) sweep();
      return true;
    },
    async end(run, { told: _, ...outcome }) {
      const known = runs.get(run);
      if (known?.record === undefined) return;
      const { status } = known.record;
      if (status === 'started' || status === 'unknown') runs.set(run, { ...known, record: { ...known.record, ...outcome } });
    },
    async close(run) {
      const known = runs.get(run);
      if (known === undefined) runs.set(run, { record: undefined, at: now() });
      return known?.record === undefined;
    },
    find: async (run) => runs.get(run)?.record,
  };
}
