import pg from 'pg';

/** The lock that the gateway which seals the audit log holds: see gateway/src/audit/seal-loop.ts. */
const SEALER = 7_283_463;

/**
 * Keeps gateways from sealing: ten million events that came at once are sealed for some minutes, which is another
 * bench's to measure. Returns what lets them.
 */
export async function holdSealing(url: string): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('select pg_advisory_lock($1)', [SEALER]);
  return () => client.end();
}
