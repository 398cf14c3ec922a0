import { type Database, statement } from '../db/index.ts';

/** So many failures to make a part on time are harmless: one a month. */
const MONTHS_AHEAD = 2;
const EVERY_MS = 6 * 3_600_000;

const PATIENCE = statement('audit-parts-patience', `set local lock_timeout = '2s'`);
const MAKE = statement('audit-parts-make', 'select make_audit_parts($1) as made');

/**
 * Keeps the monthly parts of the audit log made ahead. When it cannot, rows go to the default part: none is refused, and
 * nobody waits. Returns the function that ends it.
 */
export async function keepAuditParts({
  db,
  onError,
}: {
  db: Database;
  onError: (error: unknown) => void;
}): Promise<() => Promise<void>> {
  const make = (): Promise<void> => makeAuditParts(db).catch(onError);
  await make();
  const timer = setInterval(() => void make(), EVERY_MS);
  return async () => clearInterval(timer);
}

/** A part locks the default one for a moment: whoever reads the log now goes first, and it is tried again later. */
async function makeAuditParts(db: Database): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.query(PATIENCE);
    await tx.query(MAKE, [MONTHS_AHEAD]);
  });
}
