import type { OutputInput } from '@guichet/contract';
import { digestOf } from '@guichet/contract/digest';
import { type PlanResult, refuse } from '@guichet/sdk';
import { findDatabase } from '../contents/find-database.ts';
import type { Instance } from '../estate.ts';
import type { OwnSession } from '../login.ts';
import type { QueryMask } from '../query-mask.ts';
import { checkReferences } from '../run-sql/check-references.ts';
import { reading } from '../run-sql/reading-session.ts';
import { shortened } from '../words.ts';
import { type Explanation, explain, explanationOf, only } from './explain-statement.ts';
import { type Explainable, explainable } from './explainable.ts';
import { notesOnPlan } from './plan-notes.ts';
import { amount, lasted, planTree } from './plan-tree.ts';
import { rolledBack } from './rolled-back.ts';
import { type Target, targetsOf } from './targets.ts';

export interface AnalyzeWanted {
  readonly instance: Instance;
  readonly database?: string | undefined;
  readonly statement: string;
  readonly seconds: number;
  readonly environment: string;
  readonly signal: AbortSignal;
}

/** A plan must be there while somebody waits for it. */
const PLAN_SECONDS = 5;
/** A page read in sequence costs 1: this is about 8 GB, or as much work. */
const EXPENSIVE = 1_000_000;

type Tree = Extract<OutputInput, { kind: 'tree' }>;

/** Says what running the statement once would do, or refuses. Rejects with an InstanceError. */
export async function planAnalyze(wanted: AnalyzeWanted): Promise<PlanResult<{ database: string }>> {
  const { instance, seconds, environment, signal } = wanted;
  const statement = await runnable(wanted.statement);
  const database = await findDatabase(instance, { name: wanted.database, environment });
  const as = statement.kind === 'reads' ? 'reader' : 'admin';
  const { targets, cost } = await reading(instance, { database, seconds: PLAN_SECONDS, as, signal }, async (session) => {
    const checked = await check(session, statement);
    const { Plan: plan } = await explain(session, statement);
    return { targets: checked, cost: plan['Total Cost'] ?? 0 };
  });
  return {
    summary: `Run a statement once in '${database}' on '${instance.name}' to measure it, and roll it back: at most ${seconds} s`,
    effects: [
      `The statement: ${statement.text}`,
      ...effectsOf(statement, targets, seconds),
      `The planner expects a cost of ${amount(cost)}. The answer is the plan with its times; no row is shown.`,
    ],
    warnings: warningsOf(statement, { targets, cost, seconds }),
    resource: { type: 'postgres.database', id: `${instance.name}/${database}`, owner: instance.settings.owner },
    // Not the estimate: it moves with every row that others write.
    fingerprint: digestOf({ instance: instance.name, database, statement: statement.text, seconds }),
    seen: { database },
  };
}

async function runnable(sql: string): Promise<Explainable> {
  const statement = await explainable(sql);
  if (statement.parameters === 0) return statement;
  return refuse('The statement has parameters ($1), and nothing gives them values.', {
    remedy: 'Write values that are typical; or slow-queries explain, which needs none.',
  });
}

/** Refuses what would last after a rollback, or runs code that somebody has made. */
async function check(session: OwnSession, { references, targets }: Explainable): Promise<Target[]> {
  await checkReferences(session, references);
  return targetsOf(session, targets);
}

function effectsOf({ kind }: Explainable, targets: readonly Target[], seconds: number): string[] {
  if (kind === 'reads') return ['Nothing is changed: it runs in a transaction that only reads.'];
  const tables = targets.map(({ table }) => table).join(', ');
  return [
    `${tables === '' ? 'Rows are locked' : `Rows of ${tables} are changed`} and the transaction is rolled back: afterwards the rows are as before.`,
    `Until then, at most ${seconds} s, others who change the same rows wait.`,
  ];
}

function warningsOf(
  { kind }: Explainable,
  { targets, cost, seconds }: { targets: readonly Target[]; cost: number; seconds: number },
): string[] {
  const sequences = targets.flatMap((target) => target.sequences);
  return [
    ...(cost >= EXPENSIVE ? [`It is expensive: it may be stopped after ${seconds} s, and slows others down until then.`] : []),
    ...(kind === 'changes' && targets.length > 0
      ? ['What it writes costs as much as if it stayed, and leaves dead rows for vacuum to clean up.']
      : []),
    ...(sequences.length > 0 ? [`Numbers taken from ${sequences.join(', ')} are not given back by the rollback.`] : []),
  ];
}

export interface AnalyzeRun extends Omit<AnalyzeWanted, 'database'> {
  readonly database: string;
  readonly runId: string;
  readonly mask: QueryMask;
}

/** Runs it, rolls it back and gives its plan with what was measured. Rejects with an InstanceError. */
export async function runAnalyze(run: AnalyzeRun): Promise<Tree> {
  const { instance, environment, database, seconds, runId, mask, signal } = run;
  const statement = await runnable(run.statement);
  const where = { database, seconds, runId, signal };
  // What it rests on is looked at again in the transaction that runs it, for functions and triggers change.
  const work = async (session: OwnSession): Promise<Explanation> => {
    await session.query('set local max_parallel_workers_per_gather to default'); // as the application would run it
    await check(session, statement);
    const explained = only(await session.alone(`explain (analyze, buffers, settings, format json) ${statement.text}`));
    return explanationOf(session, explained);
  };
  const explanation = await (statement.kind === 'reads'
    ? reading(instance, where, work)
    : rolledBack(instance, where, work)
  ).catch((error: unknown) => {
    signal.throwIfAborted(); // a statement that was cancelled says that it took too long
    throw error;
  });
  const { Plan: plan, 'Execution Time': ran = 0, 'Planning Time': planned = 0 } = explanation.explained;
  return {
    kind: 'tree',
    title: shortened(mask.mask(statement.text, false), 300),
    roots: [planTree(plan, mask)],
    notes: [
      `Ran for ${lasted(ran)}, after ${lasted(planned)} of planning${statement.kind === 'reads' ? '' : '; then it was rolled back'}.`,
      ...notesOnPlan(explanation, mask, { instance: instance.name, environment, database }),
      ...(explanation.explained.Triggers ?? []).flatMap(({ 'Trigger Name': name, Time: time }) =>
        name === undefined ? [] : [`The trigger ${name} took ${lasted(time ?? 0)} of it.`],
      ),
    ],
  };
}
