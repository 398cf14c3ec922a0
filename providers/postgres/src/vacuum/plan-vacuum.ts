import { formatBytes, formatDuration } from '@guichet/contract';
import { digestOf } from '@guichet/contract/digest';
import { type PlanResult, refuse } from '@guichet/sdk';
import { commandLine } from '../describe-session.ts';
import { findTable, mayLookAfter, type TableFound, type TableWanted } from '../maintenance/find-table.ts';
import { holdersOf, longTransactions, nameTransactions } from '../maintenance/others-at-it.ts';
import { primaryOnly } from '../maintenance/primary-only.ts';
import type { QueryMask } from '../query-mask.ts';
import { type Figures, figuresOf } from './figures.ts';

export interface VacuumWanted extends TableWanted {
  readonly freeze: boolean;
  /** Without the pauses that autovacuum makes. */
  readonly fast: boolean;
  readonly minutes: number;
}

/** The table that was meant, and how it was. */
export interface VacuumSeen {
  readonly database: string;
  readonly oid: number;
  readonly table: string;
  readonly before: Figures;
}

/** Rejects with an InstanceError. */
export async function planVacuum(wanted: VacuumWanted, mask: QueryMask): Promise<PlanResult<VacuumSeen>> {
  const { instance, environment, freeze, minutes } = wanted;
  await primaryOnly(instance);
  const table = await findTable(wanted);
  const name = `${table.schema}.${table.name}`;
  if (table.kind === 'partitioned') {
    return refuse(`'${name}' is partitioned: it stores nothing itself.`, {
      remedy: `Vacuum its partitions: ${commandLine('tables', { instance: instance.name, database: table.database, like: table.name, env: environment })}`,
    });
  }
  await mayLookAfter(instance, table, 'vacuum');
  const before = await figuresOf(instance, table);
  if (before === undefined) return refuse(`The table '${name}' is not there any more.`, { remedy: 'Look at tables again.' });
  return {
    summary: `Vacuum and analyze '${name}' in '${table.database}' on '${instance.name}'${freeze ? ', freezing all rows' : ''}`,
    effects: [
      stateInWords(before),
      `Runs: ${statementOf(table.quoted, { freeze })}`,
      'Reads and writes go on meanwhile; changes of the table itself, other vacuums and index builds wait.',
      `It gives up when somebody holds the table for more than 5 s, and is stopped after ${formatDuration(minutes * 60)}; what it has cleaned by then stays clean.`,
    ],
    warnings: await warningsOf(wanted, table, mask),
    resource: { type: 'postgres.table', id: `${instance.name}/${table.database}/${name}`, owner: instance.settings.owner },
    fingerprint: digestOf({
      instance: instance.name,
      database: table.database,
      oid: table.oid,
      freeze,
      fast: wanted.fast,
      minutes,
    }),
    seen: { database: table.database, oid: table.oid, table: table.quoted, before },
  };
}

export function statementOf(quoted: string, { freeze }: { freeze: boolean }): string {
  return `VACUUM (${freeze ? 'FREEZE, ' : ''}ANALYZE) ${quoted}`;
}

function stateInWords({ size, liveRows, deadRows, xidAge, lastVacuum, lastAutovacuum }: Figures): string {
  const rows = liveRows + deadRows;
  const part = rows === 0 ? '' : ` (${Math.round((100 * deadRows) / rows)}%)`;
  const last = [lastVacuum, lastAutovacuum]
    .filter((time) => time !== null)
    .sort()
    .at(-1);
  const when = last === undefined ? 'never vacuumed' : `vacuumed last on ${last.slice(0, 16).replace('T', ' ')} UTC`;
  const sizes = size === null ? 'It' : `It has ${formatBytes(size)} with its indexes,`;
  return `${sizes} about ${amount(liveRows)} rows and ${amount(deadRows)} dead ones${part}; ${when}; its oldest row is ${amount(xidAge)} transactions old.`;
}

export const amount = (count: number): string => Math.round(count).toLocaleString('en');

async function warningsOf(wanted: VacuumWanted, { database, oid }: TableFound, mask: QueryMask): Promise<string[]> {
  const place = { instance: wanted.instance, environment: wanted.environment, database };
  const holders = await holdersOf(place, oid, mask);
  const open = await longTransactions(place, mask);
  return [
    ...(holders.length === 0 ? [] : [`It is held now, and would have to be let go first: ${holders.join(', ')}.`]),
    ...(open.length === 0 ? [] : [`Rows that died since these began cannot be removed yet: ${nameTransactions(open, place)}.`]),
    ...(wanted.fast ? ['--fast makes no pauses: it reads and writes as fast as the disk lets it, and others feel it.'] : []),
  ];
}
