import { approverGroupsOf, type Decision, ERRORS, type Failure, GuichetError, type Principal } from '@guichet/contract';
import { digestOf } from '@guichet/contract/digest';
import { asPrincipal, type Catalog, type CatalogAction, type Directory } from '../catalog/index.ts';
import type { Queryable } from '../db/index.ts';
import type { Policy, Question } from '../policy/index.ts';
import type { RequestRow } from './row.ts';

export interface World {
  readonly catalog: Catalog;
  readonly directory: Directory;
  readonly policy: Policy;
}

/** What an approval names. Any change of one of these makes another digest, and voids the approval. */
export function digestOfRequest(
  found: CatalogAction,
  facts: { environment: string; input: unknown; fingerprint: string },
): string {
  return digestOf({ action: found.action.id, version: found.action.version, schema: found.schemaDigest, ...facts });
}

const resourceOf = (row: RequestRow) => ({ type: row.resourceType, id: row.resourceId, owner: row.ownerTeam });

/** What a decision about an existing request is asked with, beside who asks. */
export const aboutRequest = (row: RequestRow): Omit<Question, 'operation' | 'principal'> => ({
  action: { id: row.action, kind: 'write', risk: row.risk },
  resource: resourceOf(row),
  environment: row.environment,
  context: { requesterId: row.requesterId, behind: row.behind, gates: row.gates },
});

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
 * the policies in force. Approvals that are passed beyond the recorded ones count as if recorded.
 */
export async function standingOf(
  db: Queryable,
  row: RequestRow,
  { world: { catalog, directory, policy }, extra = [] }: { world: World; extra?: readonly { id: string }[] },
): Promise<Standing> {
  const found = catalog.find(row.action);
  if (found === undefined) return fallen('action.unknown', `${row.action} is no longer offered.`);
  if (
    digestOfRequest(found, { environment: row.environment, input: row.input, fingerprint: row.plan.fingerprint }) !== row.digest
  )
    return fallen('plan.drifted', `${row.action} has changed since the request was filed.`);
  const approverIds = [...row.approvals.map(({ by }) => by), ...extra].map(({ id }) => id);
  const members = await directory.members(db, [row.requesterId, ...approverIds]);
  const member = members.get(row.requesterId);
  if (member === undefined) return fallen('policy.denied', `${row.requesterName} is no longer in the company.`);
  const requester = asPrincipal(member, row.scope);
  const approvals = approverIds.flatMap((id) => {
    const approver = members.get(id);
    if (approver === undefined || approver.person === null) return [];
    return [{ person: approver.person, groups: approverGroupsOf(approver) }];
  });
  const decision = policy.decide({
    ...aboutRequest(row),
    operation: 'action.run',
    principal: requester,
    action: found.action,
    approvals,
  });
  if (decision.effect === 'deny') return fallen('policy.denied', decision.reasons.map(({ message }) => message).join(' '));
  return { holds: true, found, requester, decision };
}

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
