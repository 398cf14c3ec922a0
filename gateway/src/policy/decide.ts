import type { ActionKind, ApprovalMinimum, Decision, Gate, Resource, Risk, TokenScope } from '@guichet/contract';
import { scopeCovers } from '@guichet/contract';

/** What somebody wants to do. Every door (HTTP, CLI, chat, console, agents, the runner) asks with one of these. */
export type Operation =
  | 'action.see'
  | 'action.plan'
  | 'action.read'
  | 'action.submit'
  | 'action.run'
  | 'request.see'
  | 'request.approve'
  | 'request.reject'
  | 'request.withdraw'
  | 'request.cancel'
  | 'audit.see'
  | 'token.see'
  | 'token.create'
  | 'token.revoke';

export interface DecidePrincipal {
  readonly id: string;
  readonly kind: 'user' | 'machine';
  readonly teams: readonly string[];
  /** What the token in use is narrowed to. */
  readonly scope: TokenScope;
}

export interface DecideAction {
  readonly id: string;
  readonly kind: ActionKind;
  readonly risk: Risk;
  readonly approval?: ApprovalMinimum | undefined;
}

/** An approval as it counts now: with the teams that the approver is in now. */
export interface CountedApproval {
  readonly principalId: string;
  readonly teams: readonly string[];
}

export interface Question {
  readonly operation: Operation;
  readonly principal: DecidePrincipal;
  readonly action?: DecideAction | undefined;
  /** `owner` is the team that owns the resource. */
  readonly resource?: (Resource & { readonly owner: string }) | undefined;
  readonly environment?: string | undefined;
  readonly context?: {
    /** Who filed the request that is spoken of. */
    readonly requesterId?: string | undefined;
    /** Who made the token that it was filed with. */
    readonly tokenMakerId?: string | undefined;
    /** Gates that its plan set when it was filed: never fewer later. */
    readonly gates?: readonly Gate[] | undefined;
    /** Who owns the token that is spoken of, and, of a machine's, which team. */
    readonly tokenOwner?: { readonly principalId: string; readonly team?: string | undefined } | undefined;
  };
  readonly approvals?: readonly CountedApproval[] | undefined;
}

const PERMIT = (policy: string): Decision => ({ effect: 'permit', policies: [policy] });
const DENY = (policy: string, message: string): Decision => ({ effect: 'deny', reasons: [{ policy, message }] });

/**
 * The one decision: permit, deny, or the gates that approvals must lift first. Pure; deny by default; anything that
 * goes wrong in it is a deny. The default rules:
 * reads for everyone in the company; writes outside production alone; destructive work and writes in production take
 * one approval of the team that owns the resource; an action's own minimum is kept; nobody approves their own request.
 */
export function decide(question: Question): Decision {
  try {
    return narrowed(question) ?? rule(question);
  } catch (error) {
    return DENY(
      'evaluation-error',
      `The decision could not be made: ${error instanceof Error ? error.message : 'unknown error'}.`,
    );
  }
}

/** A narrowed token reaches nothing outside its scope, whatever its principal may do. */
function narrowed({ principal, action, environment, operation }: Question): Decision | undefined {
  const isNarrowed = principal.scope.actions !== undefined || principal.scope.environments !== undefined;
  if (isNarrowed && operation.startsWith('token.')) return DENY('token-scope', 'A narrowed token cannot manage tokens.');
  if (isNarrowed && operation === 'audit.see') return DENY('token-scope', 'A narrowed token cannot read the audit log.');
  if (action === undefined || scopeCovers(principal.scope, action.id, environment)) return undefined;
  const where = environment === undefined ? '' : ` in ${environment}`;
  return DENY('token-scope', `This token does not cover ${action.id}${where}.`);
}

function rule(question: Question): Decision {
  const { operation, principal, action } = question;
  const isUser = principal.kind === 'user';
  switch (operation) {
    case 'action.see':
      return PERMIT('everyone-sees-actions');
    case 'action.plan':
      return PERMIT('everyone-plans');
    case 'action.read':
      return action?.kind === 'read' ? PERMIT('everyone-reads') : DENY('default', 'Only a read action answers at once.');
    case 'action.submit':
    case 'action.run':
      return write(question);
    case 'request.see':
      return isUser || isRequester(question)
        ? PERMIT('people-see-requests')
        : DENY('machines-see-their-own', 'A machine sees only its own requests.');
    case 'request.approve':
    case 'request.reject':
      return judge(question);
    case 'request.withdraw':
      return isRequester(question)
        ? PERMIT('requester-withdraws')
        : DENY('requester-withdraws', 'Only the requester can withdraw a request.');
    case 'request.cancel':
      return cancel(question);
    case 'audit.see':
      return isUser ? PERMIT('people-see-audit') : DENY('people-see-audit', 'The audit log is for people.');
    case 'token.see':
    case 'token.create':
    case 'token.revoke':
      return token(question);
  }
}

function isRequester({ principal, context }: Question): boolean {
  return context?.requesterId === principal.id;
}

function write(question: Question): Decision {
  const { action, resource, environment, context, approvals = [] } = question;
  if (action?.kind !== 'write') return DENY('default', 'Only a write action is submitted as a request.');
  if (resource === undefined || environment === undefined) return DENY('default', 'A write names its resource and environment.');
  const gates = merge([...(context?.gates ?? []), ...gatesOf(action, resource.owner, environment)]);
  // Nobody lifts a gate on their own request, whatever was recorded.
  const own = [question.principal.id, context?.tokenMakerId];
  const counted = approvals.filter(({ principalId }) => !own.includes(principalId));
  const approversOf = (team: string): number =>
    new Set(counted.filter(({ teams }) => teams.includes(team)).map(({ principalId }) => principalId)).size;
  const open = gates.filter(({ team, count }) => approversOf(team) < count);
  if (open.length > 0) return { effect: 'needs', gates: open };
  return PERMIT(gates[0]?.policy ?? 'writes-outside-production-alone');
}

function gatesOf(action: DecideAction, owner: string, environment: string): Gate[] {
  const gates: Gate[] = [];
  if (action.risk === 'destructive')
    gates.push({
      policy: 'destructive-needs-owner',
      team: owner,
      count: 1,
      reason: 'Destructive work takes a second person, of the team that owns it',
    });
  else if (environment === 'production')
    gates.push({
      policy: 'production-needs-owner',
      team: owner,
      count: 1,
      reason: 'A write in production takes a second person, of the team that owns it',
    });
  if (action.approval !== undefined)
    gates.push({
      policy: 'action-minimum',
      team: action.approval.team,
      count: action.approval.count,
      reason: `The authors of ${action.id} ask for it`,
    });
  return gates;
}

/** One gate for each team, with the largest count: the tighter one wins. */
function merge(gates: readonly Gate[]): Gate[] {
  const byTeam = new Map<string, Gate>();
  for (const gate of gates) {
    const known = byTeam.get(gate.team);
    if (known === undefined || known.count < gate.count) byTeam.set(gate.team, gate);
  }
  return [...byTeam.values()];
}

function judge(question: Question): Decision {
  const { principal, context, operation } = question;
  const verb = operation === 'request.approve' ? 'approve' : 'reject';
  if (principal.kind !== 'user') return DENY('people-approve', `Only a person can ${verb} a request.`);
  if (isRequester(question)) return DENY('no-self-approval', `Nobody can ${verb} their own request.`);
  // Who makes a machine's token can act as the machine: they are no second person.
  if (context?.tokenMakerId === principal.id)
    return DENY('no-self-approval', `Nobody can ${verb} a request that was filed with a token that they made.`);
  const teams = context?.gates?.map(({ team }) => team) ?? [];
  if (teams.length === 0) return DENY('approver-is-of-the-team', 'It needs no approval.');
  if (!teams.some((team) => principal.teams.includes(team)))
    return DENY('approver-is-of-the-team', `To ${verb} it you must be of team ${teams.map((team) => `'${team}'`).join(' or ')}.`);
  return PERMIT('approver-is-of-the-team');
}

function cancel(question: Question): Decision {
  const { principal, resource, context } = question;
  if (isRequester(question)) return PERMIT('requester-cancels');
  const teams = [...(context?.gates ?? []).map(({ team }) => team), ...(resource === undefined ? [] : [resource.owner])];
  if (principal.kind === 'user' && teams.some((team) => principal.teams.includes(team))) return PERMIT('owner-cancels');
  return DENY(
    'owner-cancels',
    `Only the requester, or someone of team ${[...new Set(teams)].map((team) => `'${team}'`).join(' or ')}, can cancel it.`,
  );
}

function token({ principal, context, operation }: Question): Decision {
  if (principal.kind !== 'user') return DENY('people-manage-tokens', 'Only a person can manage tokens.');
  const owner = context?.tokenOwner;
  if (owner === undefined || owner.principalId === principal.id) return PERMIT('own-tokens');
  if (owner.team !== undefined && principal.teams.includes(owner.team)) return PERMIT('tokens-of-own-machines');
  const verb = operation === 'token.create' ? 'create' : operation === 'token.revoke' ? 'revoke' : 'see';
  return DENY('own-tokens', `You can ${verb} only your own tokens and those of machines that your teams own.`);
}
