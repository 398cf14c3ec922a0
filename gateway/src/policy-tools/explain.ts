import {
  type FieldError,
  formatRequestId,
  GuichetError,
  type Operation,
  type PolicyExplained,
  type Principal,
} from '@guichet/contract';
import { asPrincipal, type Catalog, type CatalogAction, type Directory } from '../catalog/index.ts';
import type { Database } from '../db/index.ts';
import { suggestion } from '../findings/index.ts';
import { type DecideAction, denied, isNarrowed, type Policy, type Question, seenBy } from '../policy/index.ts';
import { aboutRequest, countedApprovals, type Requests } from '../requests/index.ts';
import { changesOf } from './changes.ts';

export interface ExplainWorld {
  readonly db: Database;
  readonly catalog: Catalog;
  readonly directory: Directory;
  readonly policy: Policy;
  readonly requests: Requests;
}

export interface ExplainCall {
  readonly request?: string | undefined;
  readonly action?: string | undefined;
  readonly environment?: string | undefined;
  readonly owner?: string | undefined;
  readonly service?: string | undefined;
  readonly resource?: { readonly type: string; readonly id: string } | undefined;
  readonly input?: Readonly<Record<string, unknown>> | undefined;
  /** Asked for so long. */
  readonly lastsSeconds?: number | undefined;
  readonly operation?: Operation | undefined;
  /** user:NAME or machine:NAME; a bare name is a person. */
  readonly as?: string | undefined;
}

/** A question, with who asks it and the request that it is about. */
interface Asked {
  readonly question: Question;
  readonly name: string;
  readonly request: string | null;
}

/**
 * Why a decision is what it is, and what would change it. Tells of requests and actions that the caller may see, and of
 * nothing else: to everybody else they are not there.
 */
export async function explain(caller: Principal, call: ExplainCall, world: ExplainWorld): Promise<PolicyExplained> {
  refuseNonsense(call);
  const as = await principalOf(caller, call.as, world);
  const { question, name, request } =
    call.request === undefined
      ? aboutCall(caller, { call, as, world })
      : await aboutFiled(caller, { call, number: call.request, as, world });
  const { decision, rules, errors } = world.policy.explain(question);
  const possible = {
    environments: possibleEnvironments(question.action, world.catalog),
    teams: [...world.directory.company.teams],
    name,
  };
  const { operation, action, environment, resource } = question;
  return {
    principal: { id: question.principal.id, name },
    operation,
    action: action?.id ?? null,
    environment: environment ?? null,
    resource: resource === undefined ? null : { type: resource.type, id: resource.id, owner: resource.owner },
    request: request === null ? null : formatRequestId(request),
    decision,
    rules: [...rules],
    errors: [...errors],
    changes: await changesOf(question, { policy: world.policy, decision, ...possible }),
  };
}

function possibleEnvironments(action: DecideAction | undefined, catalog: Catalog): readonly string[] {
  const offered = action === undefined ? undefined : catalog.find(action.id)?.action.environments;
  return offered ?? catalog.environments;
}

/** The caller, or somebody else in their place: that is for people. */
async function principalOf(caller: Principal, as: string | undefined, { db, directory }: ExplainWorld): Promise<Principal> {
  if (as === undefined) return caller;
  const id = as.includes(':') ? as : `user:${as}`;
  if (id === caller.id) return caller;
  if (caller.kind !== 'user')
    throw denied({
      effect: 'deny',
      reasons: [{ policy: 'people-ask-for-others', message: 'Only a person can ask what somebody else may do.' }],
    });
  if (isNarrowed(caller.scope))
    throw denied({
      effect: 'deny',
      reasons: [{ policy: 'token-scope', message: 'A narrowed token cannot ask what somebody else may do.' }],
    });
  const member = (await directory.members(db, [id])).get(id);
  if (member !== undefined) return asPrincipal(member, {});
  const known = directory.company.people.map((person) => person.id.replace('user:', ''));
  throw badCall([
    { field: '/as', message: `names '${as}', who is not in the company`, remedy: suggestion(as.replace('user:', ''), known) },
  ]);
}

async function aboutFiled(
  caller: Principal,
  { call, number, as, world }: { call: ExplainCall; number: string; as: Principal; world: ExplainWorld },
): Promise<Asked> {
  const { db, catalog, directory } = world;
  const row = await world.requests.find(caller, number);
  const about = aboutRequest(row);
  const operation = call.operation ?? (call.as === undefined ? 'action.run' : 'request.approve');
  if (operation !== 'action.run') return { question: { ...about, operation, principal: as }, name: as.name, request: row.number };
  const members = await directory.members(db, [row.requesterId, ...row.approvals.map(({ by }) => by.id)]);
  const requester = members.get(row.requesterId);
  if (requester === undefined)
    throw new GuichetError('policy.denied', `${row.requesterName}, who filed it, is no longer in the company: it cannot run.`, {
      remedy: 'Somebody else can file it again.',
    });
  // As the runner asks: with the action of today, and the approvals as they count now.
  const action = catalog.find(row.action)?.action ?? about.action;
  const question = {
    ...about,
    operation,
    action,
    principal: asPrincipal(requester, row.scope),
    approvals: countedApprovals(row, members),
  };
  return { question, name: requester.name, request: row.number };
}

function aboutCall(caller: Principal, { call, as, world }: { call: ExplainCall; as: Principal; world: ExplainWorld }): Asked {
  const { directory, policy } = world;
  const { action: id, environment, operation, owner, service: serviceName, resource, input, lastsSeconds } = call;
  const name = as.name;
  if (id === undefined || environment === undefined)
    // refuseNonsense lets only an operation of its own through without them
    return {
      question: { operation: operation ?? 'action.see', principal: as, context: { tokenOwner: { principalId: as.id } } },
      name,
      request: null,
    };
  const { action } = offered(world, caller, { id, environment });
  const seen = policy.decide({ operation: 'action.see', principal: caller, action });
  if (seen.effect !== 'permit') throw denied(seen);
  const { teams } = directory.company;
  if (owner !== undefined && !teams.has(owner))
    throw badCall([
      { field: '/owner', message: `names a team '${owner}' that is not there`, remedy: suggestion(owner, [...teams]) },
    ]);
  const service = serviceName === undefined ? undefined : directory.company.service(serviceName);
  if (serviceName !== undefined && service === undefined) {
    const names = directory.company.services.map(({ name: known }) => known);
    const message = `names a service '${serviceName}' that is not there`;
    throw badCall([{ field: '/service', message, remedy: suggestion(serviceName, names) }]);
  }
  return {
    question: {
      operation: operation ?? (action.kind === 'read' ? 'action.read' : 'action.submit'),
      principal: as,
      action,
      environment,
      input,
      lastsSeconds,
      resource: { type: 'thing', id: 'any', ...resource, owner: owner ?? service?.team ?? action.team, service: serviceName },
    },
    name,
    request: null,
  };
}

/** The action where it is offered, also while its provider is away: policy does not ask providers. */
function offered(
  { catalog, policy }: Pick<ExplainWorld, 'catalog' | 'policy'>,
  caller: Principal,
  { id, environment }: { id: string; environment: string },
): CatalogAction {
  try {
    return catalog.getIn(id, environment, seenBy(policy, caller));
  } catch (error) {
    const known = catalog.find(id);
    if (known !== undefined && error instanceof GuichetError && error.code === 'action.unavailable') return known;
    throw error;
  }
}

/** What does not go together. */
function refuseNonsense(call: ExplainCall): void {
  const { request, action, environment, owner, service, resource, input, lastsSeconds, operation, as } = call;
  const errors: FieldError[] = [];
  const needs = (field: string, message: string, remedy: string): void => void errors.push({ field, message, remedy });
  if (request !== undefined) {
    if (action !== undefined) needs('/action', 'does not go with a request, which has its own', 'Leave one of them out.');
    if (environment !== undefined) needs('/environment', 'does not go with a request, which has its own', 'Leave it out.');
    if (owner !== undefined) needs('/owner', 'does not go with a request, which has its own', 'Leave it out.');
    if (service !== undefined) needs('/service', 'does not go with a request, which has its own', 'Leave it out.');
    if (input !== undefined) needs('/input', 'does not go with a request, which has its own', 'Leave it out.');
    if (lastsSeconds !== undefined) needs('/lastsSeconds', 'does not go with a request, which has its own', 'Leave it out.');
    if (resource !== undefined) needs('/resource', 'does not go with a request, which has its own', 'Leave it out.');
    if (operation !== undefined && operation !== 'action.run' && !operation.startsWith('request.'))
      needs('/operation', `'${operation}' is not asked about a request`, 'Use action.run, or one that begins with request.');
    if (operation === 'action.run' && as !== undefined)
      needs('/as', 'does not go with action.run: a request runs for whoever filed it', 'Leave it out.');
  } else {
    if (action === undefined && operation === undefined)
      needs('/action', 'is required', 'Name a request, or an action and an environment.');
    if (action !== undefined && environment === undefined) needs('/environment', 'is required with an action', 'Say where.');
    if (action === undefined && operation?.startsWith('action.') === true)
      needs('/action', `is required for ${operation}`, 'Name the action.');
    if (operation?.startsWith('request.') === true && operation !== 'request.see')
      needs('/operation', `'${operation}' is asked about a request`, 'Name the request.');
  }
  if (errors.length > 0) throw badCall(errors);
}

function badCall(errors: readonly FieldError[]): GuichetError {
  const [first] = errors;
  return new GuichetError('input.invalid', `${first?.field} ${first?.message}.`, { errors, remedy: first?.remedy });
}
