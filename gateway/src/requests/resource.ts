import { statement, type Transaction } from '../db/index.ts';
import type { RequestRow } from './row.ts';

/** What a request acts on: a resource of one environment. */
export type ResourceKey = Pick<RequestRow, 'environment' | 'resourceType' | 'resourceId'>;

/** Apart from other advisory locks of the database. */
const LOCK_CLASS = 72_001;
const SHARED = statement('resource-lock-shared', 'select pg_advisory_xact_lock_shared($1, hashtext($2))');
const ALONE = statement('resource-lock-alone', 'select pg_advisory_xact_lock($1, hashtext($2))');

/**
 * Orders what is sent to a resource and what is found lost on it: a dispatch shares the lock with others, a loss has it
 * alone. So a dispatch that commits after a loss has seen it. Always taken before the lock of a request's row.
 */
export async function lockResource(
  tx: Transaction,
  { environment, resourceType, resourceId }: ResourceKey,
  mode: 'shared' | 'alone',
): Promise<void> {
  const key = JSON.stringify([environment, resourceType, resourceId]);
  await tx.query(mode === 'shared' ? SHARED : ALONE, [LOCK_CLASS, key]);
}
