/** Remembers which grants were used and which runs were begun, so that the run of a write happens once. */
export interface GrantLedger {
  /**
   * `grantId` is the id of a grant, or `run:` and the id of a run. True for the first call with this id; false ever after (at least until `expiresAt`, when the grant is of no use to
   * anybody). Must be atomic: of two calls at once, one gets true. A rejection means that the run does not happen.
   */
  claim(grantId: string, expiresAt: Date, issuedAt: Date): Promise<boolean>;
}

/** How many claims pass between two sweeps of what has expired. */
const SWEEP_EVERY = 1024;

/**
 * A ledger in the memory of this process. It also refuses what was issued before it was made: an earlier process may
 * have used that grant already. A provider of several replicas needs a ledger that they share.
 */
export function memoryLedger(now: () => number = Date.now): GrantLedger {
  const madeAt = now();
  const expiries = new Map<string, number>();
  let claims = 0;
  return {
    async claim(grantId, expiresAt, issuedAt) {
      if (issuedAt.getTime() < madeAt || expiries.has(grantId)) return false;
      expiries.set(grantId, expiresAt.getTime());
      claims += 1;
      if (claims % SWEEP_EVERY === 0) {
        const time = now();
        for (const [id, expiry] of expiries) if (expiry < time) expiries.delete(id);
      }
      return true;
    },
  };
}
