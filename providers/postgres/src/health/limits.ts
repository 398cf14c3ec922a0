const MB = 1_000_000;
const GB = 1000 * MB;
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** From when on something is worth telling. Sizes are bytes, times are seconds, shares are 0 to 1, ages are transactions. */
export interface Limits {
  /** Smaller tables and indexes cost nothing, whatever is wrong with them. */
  readonly smallestTable: number;
  readonly smallestIndex: number;
  /** A table of fewer rows is read whole as fast as by an index. */
  readonly fewestRows: number;
  readonly scans: number;
  /** Counters that are younger say little about what is used. */
  readonly countedFor: number;
  readonly wastedShare: number;
  readonly wasted: { readonly info: number; readonly warning: number };
  readonly deadShare: number;
  readonly deadRows: number;
  readonly age: { readonly warning: number; readonly critical: number };
  readonly sequence: { readonly warning: number; readonly critical: number };
  readonly idleInTransaction: number;
  readonly transaction: { readonly warning: number; readonly critical: number };
  readonly prepared: { readonly warning: number; readonly critical: number };
  readonly retained: { readonly warning: number; readonly critical: number };
  readonly lag: { readonly warning: number; readonly critical: number };
  readonly lagBytes: number;
  readonly connections: { readonly warning: number; readonly critical: number };
  /** Fewer blocks than these were asked for: the share of hits says nothing yet. */
  readonly blocksAsked: number;
  readonly cacheHit: { readonly info: number; readonly warning: number };
  readonly checkpoints: number;
}

export const LIMITS: Limits = {
  smallestTable: 10 * MB,
  smallestIndex: MB,
  fewestRows: 10_000,
  scans: 50,
  countedFor: 7 * DAY,
  wastedShare: 0.4,
  wasted: { info: 5 * MB, warning: 200 * MB },
  deadShare: 0.2,
  deadRows: 10_000,
  // At 2.1 billion the server takes no more writes; autovacuum should have begun at 0.2 billion.
  age: { warning: 500_000_000, critical: 1_200_000_000 },
  sequence: { warning: 0.75, critical: 0.9 },
  idleInTransaction: MINUTE,
  transaction: { warning: 30 * MINUTE, critical: 6 * HOUR },
  prepared: { warning: 5 * MINUTE, critical: HOUR },
  retained: { warning: GB, critical: 20 * GB },
  lag: { warning: MINUTE, critical: HOUR },
  lagBytes: GB,
  connections: { warning: 0.8, critical: 0.95 },
  blocksAsked: 1_000_000,
  cacheHit: { info: 0.95, warning: 0.9 },
  checkpoints: 10,
};
