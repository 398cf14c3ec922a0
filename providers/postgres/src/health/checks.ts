import { databaseAgeCheck, tableAgeCheck } from './age-check.ts';
import { indexBloatCheck, tableBloatCheck } from './bloat-check.ts';
import type { Check } from './finding.ts';
import { heldCheck } from './held.ts';
import {
  foreignKeysCheck,
  invalidIndexesCheck,
  redundantIndexesCheck,
  scannedTablesCheck,
  unusedIndexesCheck,
} from './index-check.ts';
import { cacheCheck, checkpointsCheck, checksumsCheck } from './load-check.ts';
import { archiverCheck, lagCheck, slotsCheck } from './replication-check.ts';
import { sequencesCheck } from './sequence-check.ts';
import { connectionsCheck, preparedCheck, transactionsCheck } from './sessions-check.ts';
import { settingsCheck } from './settings-check.ts';
import { autovacuumCheck, deadRowsCheck, statisticsCheck } from './vacuum-check.ts';

/** What is seen from any database. */
export const SERVER_CHECKS: readonly Check[] = [
  settingsCheck,
  databaseAgeCheck,
  transactionsCheck,
  preparedCheck,
  slotsCheck,
  lagCheck,
  archiverCheck,
  connectionsCheck,
  cacheCheck,
  checkpointsCheck,
  checksumsCheck,
];

/** What is looked at in each database. */
export const DATABASE_CHECKS: readonly Check[] = [
  heldCheck,
  tableAgeCheck,
  sequencesCheck,
  invalidIndexesCheck,
  scannedTablesCheck,
  foreignKeysCheck,
  deadRowsCheck,
  statisticsCheck,
  autovacuumCheck,
  redundantIndexesCheck,
  unusedIndexesCheck,
  tableBloatCheck,
  indexBloatCheck,
];
