import { type Decision, formatDuration, GuichetError, type Plan } from '@guichet/contract';
import type { Catalog, CatalogAction } from '../catalog/index.ts';
import { databaseTime, type Queryable } from '../db/index.ts';
import { mergeGates, type Policy, type Question } from '../policy/index.ts';
import type { SubmitCall } from './submission.ts';

/** How far ahead a start may lie. */
const FARTHEST_START_MS = 366 * 86_400_000;

/** Refuses a start that has passed, or is too far away. */
export async function checkStart(db: Queryable, { startAt }: SubmitCall): Promise<void> {
  if (startAt === undefined) return;
  const ahead = Date.parse(startAt) - (await databaseTime(db)).getTime();
  if (ahead > 0 && ahead <= FARTHEST_START_MS) return;
  const message = ahead > 0 ? 'is more than 366 days away' : 'has passed';
  const remedy = 'Name a time that is still to come, with its zone: 2026-12-01T06:00:00+01:00.';
  throw new GuichetError('input.invalid', `/startAt ${message}.`, { remedy, errors: [{ field: '/startAt', message, remedy }] });
}

/** How long what is asked for lasts, where its action sets limits: filled in, or refused. Extensions have limits of their own. */
export function withLasts<Call extends SubmitCall>({ action }: CatalogAction, call: Call): Call {
  const { lasts } = action;
  if (lasts === undefined || call.extensionOf !== undefined) return call;
  if (call.lastsSeconds === undefined) return { ...call, lastsSeconds: lasts.default, lastsByDefault: true };
  if (call.lastsSeconds > lasts.most) throw tooLong('/lastsSeconds', action.id, lasts.most);
  return call;
}

/** Refuses to put an end off so far that more than the most would be left of it. */
export function checkExtension(
  { action }: CatalogAction,
  { seconds, leftSeconds }: { seconds: number; leftSeconds: number },
): void {
  const { lasts } = action;
  if (lasts !== undefined && leftSeconds + seconds > lasts.most) throw tooLong('/seconds', action.id, lasts.most);
}

function tooLong(field: string, action: string, most: number): GuichetError {
  const span = formatDuration(most);
  const message = field === '/seconds' ? `leaves more than ${span} of it` : `is more than ${span}`;
  const remedy = `${action} lasts ${span} at most, from any moment on. ${field === '/seconds' ? 'Ask for less, or later.' : 'Ask for less; it can be extended (guichet requests extend).'}`;
  return new GuichetError('input.invalid', `${field} ${message}.`, { remedy, errors: [{ field, message, remedy }] });
}

/** The action that undoes what is asked for a while; throws when there is none. */
function inverseOf(catalog: Catalog, { action }: CatalogAction, environment: string): CatalogAction {
  const inverse = action.undo === undefined ? undefined : catalog.find(`${action.provider}.${action.undo}`);
  const offered = inverse?.action.environments;
  if (inverse !== undefined && (offered === undefined || offered.includes(environment))) return inverse;
  const message = 'needs an action that can be undone';
  const remedy =
    action.undo === undefined
      ? `${action.id} names no action that undoes it. Leave it out, and undo by hand.`
      : `${action.provider}.${action.undo}, which undoes it, is not offered in ${environment}.`;
  throw new GuichetError('input.invalid', `/lastsSeconds ${message}: ${remedy}`, {
    remedy,
    errors: [{ field: '/lastsSeconds', message, remedy }],
  });
}

/**
 * Policy's decision about a call. What is asked for a while is undone in the end, and that is approved with it: policy is asked
 * about both, and the gates of both have to be lifted.
 */
export function decideTerms(
  question: Question,
  { found, environment, lastsSeconds }: { found: CatalogAction; environment: string; lastsSeconds: number | undefined },
  { catalog, policy }: { catalog: Catalog; policy: Policy },
): Decision {
  const decision = policy.decide({ lastsSeconds, ...question });
  if (lastsSeconds === undefined) return decision;
  const { action } = inverseOf(catalog, found, environment);
  if (decision.effect === 'deny') return decision;
  // With which input it is undone is known when it has run.
  const back = policy.decide({ ...question, action, input: {}, lastsSeconds: undefined });
  if (back.effect === 'deny')
    return {
      effect: 'deny',
      reasons: back.reasons.map(({ policy: id, message }) => ({ policy: id, message: `Of what undoes it: ${message}` })),
    };
  if (back.effect === 'permit') return decision;
  return { effect: 'needs', gates: mergeGates([...(decision.effect === 'needs' ? decision.gates : []), ...back.gates]) };
}

/** The plan of what is asked for a while says so: whoever approves it approves the end too. */
export function planForAWhile(plan: Plan, { action }: CatalogAction, lastsSeconds: number | undefined): Plan {
  if (lastsSeconds === undefined) return plan;
  const span = formatDuration(lastsSeconds);
  return {
    ...plan,
    summary: `${plan.summary.replace(/\.$/, '')}, undone after ${span}`,
    effects: [...plan.effects, `${span} after it has succeeded, ${action.provider}.${action.undo} undoes it by itself.`],
  };
}
