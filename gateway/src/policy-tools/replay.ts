import type { Decision, PolicyDifference, Principal } from '@guichet/contract';
import { formatRequestId } from '@guichet/contract';
import { asPrincipal, type Catalog, type Directory } from '../catalog/index.ts';
import type { Database } from '../db/index.ts';
import type { Policy } from '../policy/index.ts';
import { breather } from './breather.ts';
import { idsOf } from './run-cases.ts';
import { deniedSince, filedSince, NEWEST, type Submission } from './store.ts';

export const MOST_A_CALL = 1000;

export interface ReplayWorld {
  readonly db: Database;
  readonly catalog: Catalog;
  readonly directory: Directory;
  /** The policy in force: what the caller may see. */
  readonly policy: Policy;
}

export interface Replay {
  readonly since: Date;
  /** What decides once more. */
  readonly tried: Policy;
  readonly cursor: Cursor;
  /** False leaves out submissions that were denied. */
  readonly withDenied: boolean;
}

/** First the requests, then the submissions that never became one. */
export interface Cursor {
  readonly list: 'requests' | 'denied';
  readonly before: string;
}

export const BEGINNING: Cursor = { list: 'requests', before: NEWEST };

export interface Replayed {
  readonly looked: number;
  readonly undecidable: number;
  readonly differences: readonly PolicyDifference[];
  readonly next: Cursor | null;
}

/**
 * Decides recorded submissions once more, a page of them: with the action, owner and scope that were recorded and with the
 * teams that people are in now. Tells of those that the caller may see.
 */
export async function replay(
  caller: Principal,
  { since, tried, cursor, withDenied }: Replay,
  world: ReplayWorld,
): Promise<Replayed> {
  const { db, directory } = world;
  const read = cursor.list === 'requests' ? filedSince : deniedSince;
  const page = await read(db, { since, before: cursor.before, limit: MOST_A_CALL });
  const members = await directory.members(db, [...new Set(page.submissions.map(({ requester }) => requester.id))]);
  const breathe = breather();
  const differences: PolicyDifference[] = [];
  let looked = 0;
  let undecidable = 0;
  for (const submission of page.submissions) {
    await breathe();
    if (!maySee(caller, submission, world.policy)) continue;
    looked += 1;
    const member = members.get(submission.requester.id);
    if (member === undefined) {
      undecidable += 1;
      continue;
    }
    const now = tried.decide({
      operation: 'action.submit',
      principal: asPrincipal(member, submission.scope),
      action: actionOf(submission, world.catalog),
      resource: submission.resource,
      environment: submission.environment,
      input: submission.input,
      lastsSeconds: submission.lastsSeconds,
      context: { requesterId: submission.requester.id, behind: submission.behind },
    });
    if (!isSame(submission.was, now)) differences.push(differenceOf(submission, now));
  }
  return { looked, undecidable, differences, next: nextOf(page.next, { cursor, withDenied }) };
}

function nextOf(before: string | null, { cursor, withDenied }: Pick<Replay, 'cursor' | 'withDenied'>): Cursor | null {
  if (before !== null) return { list: cursor.list, before };
  return cursor.list === 'requests' && withDenied ? { list: 'denied', before: NEWEST } : null;
}

/** Of a denied submission the caller may know what they may read in the audit log; that they may read it was asked before. */
function maySee(
  principal: Principal,
  { request, action, risk, environment, resource, requester, behind }: Submission,
  policy: Policy,
) {
  if (request === null) return true;
  const about = { action: { id: action, kind: 'write', risk } as const, resource, environment };
  const context = { requesterId: requester.id, behind };
  return policy.decide({ operation: 'request.see', principal, ...about, context }).effect === 'permit';
}

/** Its risk is the recorded one. The minimum of its authors was not recorded: it is that of today. */
function actionOf({ action: id, risk }: Submission, catalog: Catalog) {
  const approval = catalog.find(id)?.action.approval;
  return { id, kind: 'write', risk, ...(approval !== undefined && { approval }) } as const;
}

/** The same effect and the same approvals; by which rules does not matter. */
function isSame(was: Decision, now: Decision): boolean {
  return outcomeOf(was) === outcomeOf(now);
}

function outcomeOf(decision: Decision): string {
  return decision.effect === 'needs' ? `needs ${decision.gates.map(gateKey).sort().join(', ')}` : decision.effect;
}

const gateKey = ({ approvers, count }: { approvers: string; count: number }): string => `${count} ${approvers}`;

function differenceOf(
  { request, at, requester, action, environment, resource, was }: Submission,
  now: Decision,
): PolicyDifference {
  return {
    request: request === null ? null : formatRequestId(request),
    at: at.toISOString(),
    requester,
    action,
    environment,
    resource: { ...resource },
    was,
    now,
    rules: [...new Set(rulesBehind(was, now))],
  };
}

/** The rules that make the difference: those that hold now and did not, or, where less is asked for, those that no longer do. */
function rulesBehind(was: Decision, now: Decision): string[] {
  if (now.effect === 'deny') return idsOf(now);
  if (now.effect === 'permit') return was.effect === 'needs' ? idsOf(was) : idsOf(now);
  if (was.effect !== 'needs') return idsOf(now);
  const before = was.gates.map(gateKey);
  const after = now.gates.map(gateKey);
  const added = now.gates.filter((gate) => !before.includes(gateKey(gate)));
  return (added.length > 0 ? added : was.gates.filter((gate) => !after.includes(gateKey(gate)))).map(({ policy }) => policy);
}
