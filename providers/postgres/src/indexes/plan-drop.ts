import { formatBytes } from '@guichet/contract';
import { digestOf } from '@guichet/contract/digest';
import { type PlanResult, refuse } from '@guichet/sdk';
import { findDatabase } from '../contents/find-database.ts';
import { commandLine } from '../describe-session.ts';
import type { Instance } from '../instance.ts';
import { notMember } from '../maintenance/not-member.ts';
import { longTransactions, nameTransactions } from '../maintenance/others-at-it.ts';
import { primaryOnly } from '../maintenance/primary-only.ts';
import { nearest } from '../nearest.ts';
import type { QueryMask } from '../query-mask.ts';
import { droppableIndexes, indexesNamed, isBuilt, type TableIndex } from './table-indexes.ts';

export interface DropWanted {
  readonly instance: Instance;
  readonly environment: string;
  readonly database?: string | undefined;
  readonly index: string;
}

/** The index that is dropped, whatever has its name by then. */
export interface DropSeen {
  readonly database: string;
  readonly oid: number;
  readonly quoted: string;
  readonly table: string;
  readonly definition: string;
  readonly size: number | null;
}

/** Rejects with an InstanceError. */
export async function planDrop(wanted: DropWanted, mask: QueryMask): Promise<PlanResult<DropSeen>> {
  const { instance, environment } = wanted;
  await primaryOnly(instance);
  const database = await findDatabase(instance, { name: wanted.database, environment });
  const place = { instance, environment, database };
  const index = await findIndex(place, wanted.index);
  await checkIndex(place, index);
  const name = `${index.schema}.${index.name}`;
  const open = await longTransactions(place, mask);
  return {
    summary: `Drop the index '${name}' of '${index.table}' in '${database}' on '${instance.name}', while reads and writes go on`,
    effects: [
      `Runs: DROP INDEX CONCURRENTLY ${index.quoted}`,
      `It is: ${index.definition}`,
      `${usage(index)}${index.size === null ? '' : ` It frees ${formatBytes(index.size)}.`}`,
      'To have it again is to build it again; the definition is kept with the request.',
    ],
    warnings: [
      ...(index.valid && index.scans > 0 ? ['It is in use: statements that rest on it will read the whole table.'] : []),
      ...(index.valid && index.unique ? ['It sees to it that no two rows have the same values; without it nothing does.'] : []),
      ...((await hasReplicas(instance))
        ? ['A replica may use an index that the primary does not: scans are counted on each server for itself.']
        : []),
      ...(open.length === 0
        ? []
        : [`It will wait for these to end, if they have read the table: ${nameTransactions(open, place)}.`]),
    ],
    resource: { type: 'postgres.table', id: `${instance.name}/${database}/${index.table}`, owner: instance.settings.owner },
    fingerprint: digestOf({
      instance: instance.name,
      database,
      oid: index.oid,
      definition: index.definition,
      valid: index.valid,
    }),
    seen: { database, oid: index.oid, quoted: index.quoted, table: index.table, definition: index.definition, size: index.size },
  };
}

async function hasReplicas(instance: Instance): Promise<boolean> {
  return (await instance.observer.query('select from pg_stat_replication limit 1')).length > 0;
}

function usage({ valid, scans, countedSince }: TableIndex): string {
  if (!valid) return 'It is not valid: nobody reads it, and every write keeps it up.';
  const since = countedSince === null ? 'since the server began to count' : `since ${countedSince.slice(0, 10)}`;
  return scans === 0 ? `Nobody has used it ${since}.` : `It was used ${scans.toLocaleString('en')} times ${since}.`;
}

interface Place {
  readonly instance: Instance;
  readonly environment: string;
  readonly database: string;
}

async function findIndex(place: Place, name: string): Promise<TableIndex> {
  const [index, ...others] = await indexesNamed(place, name);
  if (index === undefined) {
    const names = (await droppableIndexes(place)).map((other) =>
      name.includes('.') ? `${other.schema}.${other.name}` : other.name,
    );
    const meant = nearest(name, names);
    return refuse(`There is no index '${name}' in '${place.database}' on '${place.instance.name}'.`, {
      remedy: meant === undefined ? 'Give its name as the definition of the table has it.' : `Did you mean '${meant}'?`,
    });
  }
  if (others.length === 0) return index;
  const all = [index, ...others].map((one) => `'${one.schema}.${one.name}'`).join(', ');
  return refuse(`Several indexes of '${place.database}' are called '${name}'.`, { remedy: `Say which one: ${all}.` });
}

/** Refuses an index that something rests on. Rejects with an InstanceError where the admin login may not drop it. */
async function checkIndex(place: Place, index: TableIndex): Promise<void> {
  const { instance, database, environment } = place;
  const name = `${index.schema}.${index.name}`;
  if (index.constraint !== null) {
    return refuse(`The index '${name}' is part of the constraint ${index.constraint}.`, {
      remedy: 'It goes with the constraint alone: that is a change of the schema, for a migration to make.',
    });
  }
  if (index.foreignKeys.length > 0) {
    return refuse(`Foreign keys rest on the index '${name}': ${index.foreignKeys.join(', ')}.`, {
      remedy: 'They would have to go first: that is a change of the schema, for a migration to make.',
    });
  }
  if (index.replicaIdentity) {
    return refuse(`The index '${name}' tells rows apart for logical replication (REPLICA IDENTITY).`, {
      remedy: 'Set another replica identity first.',
    });
  }
  if (index.partitioned) {
    return refuse(`The index '${name}' belongs to a partitioned table, and cannot be dropped concurrently.`, {
      remedy: 'Its drop locks the table: that is for a migration to do.',
    });
  }
  if (!index.valid && (await isBuilt(place, index))) {
    return refuse(`Somebody builds the index '${name}' at this moment.`, {
      remedy: `See who: ${commandLine('activity', { instance: instance.name, database, env: environment })}`,
    });
  }
  if (index.owns) return;
  const table = await instance.observer.ask<{ quoted: string }>({
    text: "select format('%I.%I', n.nspname, c.relname) as quoted from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = $1::bigint::oid",
    values: [index.tableOid],
    database,
  });
  throw await notMember(instance, {
    owner: index.owner,
    owned: `the index '${name}'`,
    giveAway: `ALTER TABLE ${table[0]?.quoted} OWNER TO`,
  });
}
