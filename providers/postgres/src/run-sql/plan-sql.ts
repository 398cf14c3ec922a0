import { digestOf } from '@guichet/contract/digest';
import type { PlanResult } from '@guichet/sdk';
import { findDatabase } from '../contents/find-database.ts';
import type { Instance } from '../instance.ts';
import { checkReferences } from './check-references.ts';
import { type Estimate, estimateOf } from './estimate.ts';
import { type ReadOnlyStatement, readOnlyStatement } from './read-only-statement.ts';
import { reading } from './reading-session.ts';

export interface SqlWanted {
  readonly instance: Instance;
  readonly database?: string | undefined;
  readonly sql: string;
  /** Most rows. */
  readonly limit: number;
  readonly seconds: number;
  readonly environment: string;
  readonly signal: AbortSignal;
}

/** A plan must be there while somebody waits for it. */
const PLAN_SECONDS = 5;
/** A page read in sequence costs 1: this is about 8 GB, or as much work. */
const EXPENSIVE = 1_000_000;

/** Says what would be read, by the estimate of the server itself, or refuses. Rejects with an InstanceError. */
export async function planSql(wanted: SqlWanted): Promise<PlanResult<{ database: string }>> {
  const { instance, sql, limit, seconds, environment, signal } = wanted;
  const statement = await readOnlyStatement(sql);
  const database = await findDatabase(instance, { name: wanted.database, environment });
  const estimate = await reading(instance, { database, seconds: PLAN_SECONDS, signal }, async (session) => {
    await checkReferences(session, statement.references);
    if (statement.kind === 'query') return estimateOf(session, statement.text);
    await session.rows(statement.text); // costs nothing, and tells whether it may be asked
    return undefined;
  });
  return {
    summary: `Run a read-only statement in '${database}' on '${instance.name}': at most ${amount(limit)} rows, ${seconds} s`,
    effects: effectsOf(statement, { limit, estimate }),
    warnings: warningsOf(estimate, seconds),
    resource: { type: 'postgres.database', id: `${instance.name}/${database}`, owner: instance.settings.owner },
    // Not the estimate: it moves with every row that others write.
    fingerprint: digestOf({ instance: instance.name, database, statement: statement.text, limit, seconds }),
    seen: { database },
  };
}

const amount = (count: number): string => count.toLocaleString('en');

function effectsOf(
  { text, kind }: ReadOnlyStatement,
  { limit, estimate }: { limit: number; estimate: Estimate | undefined },
): string[] {
  const rows = estimate === undefined ? undefined : Math.round(estimate.rows);
  return [
    `The statement: ${text}`,
    'Nothing is changed: it runs in a transaction that only reads, with the rights of pg_read_all_data.',
    ...(rows === undefined || estimate === undefined
      ? []
      : [
          `The planner expects about ${amount(rows)} ${rows === 1 ? 'row' : 'rows'}${rows > limit ? `, of which the first ${amount(limit)} are shown` : ''}, at a cost of ${amount(Math.round(estimate.cost))}.`,
        ]),
    ...(kind === 'query' && estimate !== undefined && estimate.readWhole.length > 0
      ? [`Read from the first row to the last: ${estimate.readWhole.map((name) => `'${name}'`).join(', ')}.`]
      : []),
    'The rows are shown to whoever asks for them, and to nobody else. The statement stays in the audit log, with all that stands in it.',
  ];
}

function warningsOf(estimate: Estimate | undefined, seconds: number): string[] {
  if (estimate === undefined || estimate.cost < EXPENSIVE) return [];
  return [
    `The planner expects much work (cost ${amount(Math.round(estimate.cost))}; a page read in sequence is 1). It is stopped after ${seconds} s, and slows others down until then.`,
  ];
}
