import {
  type Approval,
  approverGroupsOf,
  type Decision,
  ERRORS,
  type Failure,
  GuichetError,
  type Principal,
} from '@guichet/contract';
import { digestOf } from '@guichet/contract/digest';
import { asPrincipal, type Catalog, type CatalogAction, type Company, type Directory, type Member } from '../catalog/index.ts';
import type { Queryable } from '../db/index.ts';
import type { CountedApproval, Policy, Question } from '../policy/index.ts';
import { wholeTime } from './extension.ts';
import { decideKept, keptOf } from './holder.ts';
import type { RequestRow } from './row.ts';
import { findRequest } from './store.ts';

export interface World {
  readonly catalog: Catalog;
  readonly directory: Directory;
  readonly policy: Policy;
}

/** What an approval names. Any change of one of these makes another digest, and voids the approval. */
export function digestOfRequest(
  found: CatalogAction,
  { secrets, ...facts }: { environment: string; input: unknown; fingerprint: string; secrets: string | null },
  { lastsSeconds, startAt, extensionOf }: Pick<RequestRow, 'lastsSeconds' | 'startAt' | 'extensionOf'>,
): string {
  const { action, schemaDigest: schema } = found;
  // What most requests do not have is absent: the digests of those of older versions stay as they are.
  const terms = {
    ...(secrets !== null && { secrets }),
    ...(lastsSeconds !== null && { lastsSeconds }),
    ...(startAt !== null && { startAt: startAt.toISOString() }),
    ...(extensionOf !== null && { extensionOf }),
  };
  return digestOf({ action: action.id, version: action.version, schema, ...facts, ...terms });
}

const resourceOf = ({ resourceType: type, resourceId: id, ownerTeam: owner, plan: { resource } }: RequestRow) => ({
  type,
  id,
  owner,
  service: resource.service,
});

/** What a decision about an existing request is asked with, beside who asks. */
export const aboutRequest = (row: RequestRow) =>
  ({
    action: { id: row.action, kind: 'write', risk: row.risk },
    resource: resourceOf(row),
    environment: row.environment,
    input: row.input,
    lastsSeconds: row.lastsSeconds ?? undefined,
    context: {
      // Whoever has the name by now has asked for nothing.
      requesterId: row.requesterIsFormer ? undefined : row.requesterId,
      behind: personsBehind(row),
      gates: row.gates,
      brokenGlass: row.review !== null,
      byClock: row.byClock,
    },
  }) satisfies Omit<Question, 'operation' | 'principal'>;

/** Who can be no second person for it: those that it was filed for, and whoever broke its glass. */
export const personsBehind = ({ behind, review }: Pick<RequestRow, 'behind' | 'review'>): readonly string[] =>
  review === null ? behind : [...behind, review.person];

/** The approvals of a request as they count now: by the groups that each approver belongs to now. */
export function countedApprovals(
  { approvals, createdAt, approvedWith }: Pick<RequestRow, 'approvals' | 'createdAt' | 'approvedWith'>,
  members: ReadonlyMap<string, Member>,
): CountedApproval[] {
  return approvals.flatMap((approval) => {
    const approver = members.get(approval.by.id);
    // Somebody else had the name when it was given.
    if (approver === undefined || approver.person === null || approval.former === true) return [];
    const { person } = approver;
    const groups = approverGroupsOf(approver);
    if (approval.reusedFrom === null) return [{ person, groups }];
    // Said for what they were then: it says nothing for a group that they have joined since.
    const lasting = groups.filter((group) => approval.groups.includes(group));
    // What was approved for this very moment is not too old for it.
    return [{ person, groups: lasting, ...(!approvedWith && { reusedAfter: ageAt(createdAt, approval) }) }];
  });
}

/** The approvals of a request as they counted when they were given. */
export function recordedApprovals({
  approvals,
  createdAt,
  approvedWith,
}: Pick<RequestRow, 'approvals' | 'createdAt' | 'approvedWith'>): CountedApproval[] {
  return approvals.map((approval) => {
    const { person, groups, reusedFrom } = approval;
    return reusedFrom === null || approvedWith ? { person, groups } : { person, groups, reusedAfter: ageAt(createdAt, approval) };
  });
}

/** In seconds. */
const ageAt = (time: Date, { at }: Pick<Approval, 'at'>): number => (time.getTime() - Date.parse(at)) / 1000;

/** By the persons of this moment too: two accounts that are found to be one person's are one. */
export function approvedBy({ approvals }: Pick<RequestRow, 'approvals'>, person: string | null, company: Company): boolean {
  return approvals.some((approval) => approval.person === person || company.personOf(approval.by.id) === person);
}

/** Members by id, read in the transaction that decides. */
export type Members = ReadonlyMap<string, Member>;

/** How a request stands at this moment: does policy let it run, and if not, what is missing? */
export type Standing =
  | {
      readonly holds: true;
      readonly found: CatalogAction;
      readonly requester: Principal;
      readonly decision: Exclude<Decision, { effect: 'deny' }>;
    }
  /** It can never run any more as it was approved. */
  | { readonly holds: false; readonly failure: Failure };

/**
 * Asks again, with what is true now: the action as it is in the catalogue, the teams that requester and approvers are in,
 * the policies in force. An approval that is passed beyond the recorded ones counts as if recorded; `brokenGlass` asks as
 * if the glass were broken. `members` are the requester and all approvers, where they have been read already. Rejects with
 * `action.unavailable` when nobody can tell yet whether the action is still offered.
 */
export async function standingOf(
  db: Queryable,
  row: RequestRow,
  {
    world: { catalog, directory, policy },
    extra = [],
    brokenGlass = false,
    members: read,
  }: { world: World; extra?: readonly Approval[]; brokenGlass?: boolean; members?: Members },
): Promise<Standing> {
  const found = catalog.findFiled(row.action);
  if (found === undefined) return fallen('action.unknown', `${row.action} is no longer offered.`);
  const { environment, input, plan, secretDigest } = row;
  if (digestOfRequest(found, { environment, input, fingerprint: plan.fingerprint, secrets: secretDigest }, row) !== row.digest)
    return fallen('plan.drifted', `${row.action} has changed since the request was filed.`);
  const approvals = [...row.approvals, ...extra];
  const members = read ?? (await directory.members(db, [row.requesterId, ...approvals.map(({ by }) => by.id)]));
  const member = members.get(row.requesterId);
  if (member === undefined) return fallen('policy.denied', `${row.requesterName} is no longer in the company.`);
  if (row.requesterIsFormer) return fallen('policy.denied', formerText(row));
  const requester = asPrincipal(member, row.scope);
  const about = aboutRequest(row);
  const kept = row.extensionOf === null ? undefined : await findRequest(db, row.extensionOf);
  const ask = (principal: Principal): Decision =>
    policy.decide({
      ...about,
      operation: 'action.run',
      principal,
      action: found.action,
      lastsSeconds: kept === undefined ? about.lastsSeconds : wholeTime(kept, about.lastsSeconds),
      context: { ...about.context, brokenGlass: brokenGlass || about.context.brokenGlass },
      approvals: countedApprovals({ ...row, approvals }, members),
    });
  const own = ask(requester);
  const decision = kept === undefined ? own : decideKept(await keptOf(db, kept, directory), own, ask);
  if (decision.effect === 'deny') return fallen('policy.denied', decision.reasons.map(({ message }) => message).join(' '));
  return { holds: true, found, requester, decision };
}

/** Why nothing happens any more for whoever asked for it. */
export const formerText = ({ requesterName }: Pick<RequestRow, 'requesterName'>): string =>
  `${requesterName}, who asked for it, had another account then: the name may be somebody else's now.`;

function fallen(code: 'action.unknown' | 'plan.drifted' | 'policy.denied', message: string): Standing {
  return {
    holds: false,
    failure: { code, message, remedy: 'File it again: it will be planned and approved as things are now.', retryable: false },
  };
}

/** The failure that an error of a provider leaves in a request. */
export function failureOf(error: unknown): Failure {
  if (error instanceof GuichetError) {
    const { code, message, remedy } = error;
    return { code, message, retryable: ERRORS[code].retryable, ...(remedy !== undefined && { remedy }) };
  }
  return { code: 'internal', message: 'Something went wrong inside Guichet.', retryable: false };
}
