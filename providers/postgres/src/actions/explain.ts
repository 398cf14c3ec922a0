import { formatDuration } from '@guichet/contract';
import { action, type ProviderAction, refuse } from '@guichet/sdk';
import { z } from 'zod';
import { findDatabase } from '../contents/find-database.ts';
import { commandLine } from '../describe-session.ts';
import type { Instance } from '../estate.ts';
import { explainStatement } from '../explain/explain-statement.ts';
import { asParameterized, type Explainable, explainable } from '../explain/explainable.ts';
import type { PlanNode } from '../explain/plan-node.ts';
import { notesOnPlan } from '../explain/plan-notes.ts';
import { planTree } from '../explain/plan-tree.ts';
import { InstanceError, refusing } from '../instance-error.ts';
import { codeOf } from '../run-sql/server-refusal.ts';
import { findStatement } from '../statements/find-statement.ts';
import { shortened } from '../words.ts';
import { DatabaseName, databaseOptions } from './database-field.ts';
import { InstanceName, instanceOptions } from './instance-field.ts';
import { QueryId, queryIdOptions } from './query-id-field.ts';
import type { Workplace } from './workplace.ts';

const Input = z.strictObject({
  instance: InstanceName,
  queryId: QueryId.optional().describe('Id of the statement, as slow-queries shows it; or give --statement'),
  statement: z
    .string()
    .min(1)
    .max(20_000)
    .optional()
    .describe('The statement itself; values may be left open as $1, $2 ... It is kept in the audit log'),
  database: DatabaseName.optional().describe('Where it runs; absent: where it takes most time, or the first of the instance'),
});
type Input = z.output<typeof Input>;

/** What is kept of a statement need not be SQL: of `float8 '3'` it is `float8 $1`. */
function refuseKeptForm(): never {
  return refuse('The server keeps this statement in a form that it does not take again.', {
    remedy: 'Give it as --statement, with $1, $2 ... where its values stand.',
  });
}

function isSyntaxError(error: unknown): boolean {
  return error instanceof InstanceError && codeOf(error.cause) === '42601';
}

/** What is explained, and where it is from. */
interface Subject {
  readonly statement: Explainable;
  readonly database: string;
  readonly user: string | undefined;
  /** How long it has taken at most, in seconds, where it was counted. */
  readonly longest: number;
  readonly notes: readonly string[];
}

export function explainAction(workplace: Workplace): ProviderAction {
  const { estate, mask } = workplace;
  return action('slow-queries.explain', {
    title: 'Explain how the server runs a statement',
    description:
      'The plan of a statement as a tree: what is read in which way, how many rows that gives, what it costs, and what is likely to make it slow. Nothing is run: the plan is the estimate of the server. Values in conditions are not shown.',
    kind: 'read',
    risk: 'safe',
    input: Input,
    output: 'tree',
    timeoutSeconds: 45,
    examples: [
      { title: 'Explain a statement that slow-queries shows', input: { instance: 'pg1', queryId: '2971305265276787592' } },
      {
        title: 'Explain a statement before it is shipped',
        input: { instance: 'pg1', database: 'orders', statement: 'select * from orders where customer = $1' },
      },
    ],
    options: {
      instance: instanceOptions(workplace),
      queryId: queryIdOptions(workplace),
      database: databaseOptions(workplace),
    },
    run: ({ input, environment, signal }) =>
      refusing(async () => {
        const instance = await estate.find(environment, input.instance);
        const masked = await mask();
        const { statement, database, user, longest, notes } = await subjectOf(instance, input, environment);
        const explanation = await explainStatement({ instance, database, statement, user, signal }).catch((error: unknown) => {
          if (input.queryId !== undefined && isSyntaxError(error)) return refuseKeptForm();
          throw error;
        });
        return {
          kind: 'tree',
          title: shortened(masked.mask(statement.text, false), 300),
          roots: [planTree(explanation.explained.Plan, masked)],
          notes: [
            ...waitingOf(explanation.explained.Plan, longest, { instance: instance.name, environment }),
            ...notesOnPlan(explanation, masked, { instance: instance.name, environment, database }),
            ...notes,
            ...parametersIn(statement),
          ],
        };
      }),
  });
}

async function subjectOf(instance: Instance, input: Input, environment: string): Promise<Subject> {
  const { queryId, statement, database } = input;
  if ((queryId === undefined) === (statement === undefined)) {
    return refuse('Exactly one of queryId and statement is needed.', {
      remedy: 'Give --query-id of slow-queries, or --statement with the statement itself.',
    });
  }
  if (statement !== undefined) {
    const where = await findDatabase(instance, { name: database, environment });
    return { statement: await explainable(statement), database: where, user: undefined, longest: 0, notes: [] };
  }
  const { counters, text, elsewhere } = await findStatement(instance, { queryId: queryId ?? '', database, environment });
  const { calls, total, user } = counters;
  return {
    statement: await explainable(asParameterized(text)),
    database: counters.database,
    user,
    longest: counters.max ?? 0,
    notes: [
      `Run ${calls === 1 ? 'once' : `${calls.toLocaleString('en')} times`} by '${user}' in database '${counters.database}', ${formatDuration(total)} in all; planned under that user's settings.`,
      ...(elsewhere.length === 0 ? [] : [`It runs in ${elsewhere.join(', ')} too: --database explains it there.`]),
    ],
  };
}

/** A statement that is cheap to run and takes long all the same does not work; it waits. */
function waitingOf(
  plan: PlanNode,
  longest: number,
  { instance, environment }: { instance: string; environment: string },
): string[] {
  const cost = plan['Total Cost'] ?? 0;
  if (longest < LONG_SECONDS || cost > CHEAP) return [];
  return [
    `It has taken up to ${formatDuration(longest)}, though its plan is cheap: then it most likely waited for a lock. ${commandLine('blocking', { instance, env: environment })}`,
  ];
}

const LONG_SECONDS = 1;
/** A page read in sequence costs 1: this is about 8 MB. */
const CHEAP = 1000;

function parametersIn({ parameters }: Explainable): string[] {
  if (parameters === 0) return [];
  return [
    'Planned without values for $1, $2 ...: for a value that is very common or very rare the server may choose another plan.',
  ];
}
