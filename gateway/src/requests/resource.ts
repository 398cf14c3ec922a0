import { statement, type Transaction } from '../db/index.ts';
import type { RequestRow } from './row.ts';
import { readingOf } from './store.ts';

/** What a request acts on: a resource of one environment. */
export type ResourceKey = Pick<RequestRow, 'environment' | 'resourceType' | 'resourceId'>;

/** Apart from other advisory locks of the database. */
const LOCK_CLASS = 72_001;
const SHARED = `pg_advisory_xact_lock_shared(${LOCK_CLASS}, hashtext($1))`;
const ALONE = `pg_advisory_xact_lock(${LOCK_CLASS}, hashtext($1))`;
const RESOURCE = {
  shared: statement('resource-lock-shared', `select ${SHARED}`),
  alone: statement('resource-lock-alone', `select ${ALONE}`),
};
/** Rows are locked when all else of a statement has been computed: first the resource, then the row, as everywhere. */
const REQUEST = {
  shared: statement('request-lock-shared', `select ${SHARED} from requests where number = $2 for update`),
  alone: statement('request-lock-alone', `select ${ALONE} from requests where number = $2 for update`),
};

const keyOf = ({ environment, resourceType, resourceId }: ResourceKey): string =>
  JSON.stringify([environment, resourceType, resourceId]);

/**
 * Orders what is sent to a resource and what is found lost on it: a dispatch shares the lock with others, a loss has it
 * alone. So a dispatch that commits after a loss has seen it. Always taken before the lock of a request's row.
 */
export async function lockResource(tx: Transaction, resource: ResourceKey, mode: 'shared' | 'alone'): Promise<void> {
  await tx.query(RESOURCE[mode], [keyOf(resource)]);
}

/** Locks the resource of a request, then the request, then reads it: see lockRequest. */
export async function lockRequestOn(
  tx: Transaction,
  row: ResourceKey & Pick<RequestRow, 'number'>,
  mode: 'shared' | 'alone',
): Promise<RequestRow | undefined> {
  return (await tx.queryAhead<RequestRow>([REQUEST[mode], [keyOf(row), row.number]], readingOf(row.number)))[0];
}
