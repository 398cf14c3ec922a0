import { approverGroupsOf, approversInWords, type Decision, type Gate, scopeCovers } from '@guichet/contract';
import type { Company } from '../catalog/index.ts';
import { approvedFor } from './counting.ts';
import type { Question } from './question.ts';

const PERMIT = (policy: string): Decision => ({ effect: 'permit', policies: [policy] });
const DENY = (policy: string, message: string): Decision => ({ effect: 'deny', reasons: [{ policy, message }] });

/** What decisions rest on beside the question. */
export interface PolicyOptions {
  readonly company: () => Company;
}

/** The one decision function of the gateway; see `decide`. */
export class Policy {
  readonly #company: () => Company;

  constructor({ company }: PolicyOptions) {
    this.#company = company;
  }

  decide(question: Question): Decision {
    const { behind = [] } = question.context ?? {};
    const company = this.#company();
    const persons = [...behind, ...behind.map((id) => company.personOf(id) ?? id)];
    return decide({ ...question, context: { ...question.context, behind: persons } });
  }
}

/**
 * The one decision: permit, deny, or the gates that approvals must lift first. Pure; deny by default; anything that
 * goes wrong in it is a deny. The default rules:
 * reads for everyone in the company; writes outside production alone; destructive work and writes in production take
 * one approval of the team that owns the resource; an action's own minimum is kept; nobody approves their own request.
 */
function decide(question: Question): Decision {
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
  if (isNarrowed && operation.startsWith('session.')) return DENY('token-scope', 'A narrowed token cannot see or end sessions.');
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
    case 'request.review':
      return judge(question);
    case 'request.break_glass':
      return breakGlass(question);
    case 'request.withdraw':
      return isRequester(question)
        ? PERMIT('requester-withdraws')
        : DENY('requester-withdraws', 'Only the requester can withdraw a request.');
    case 'request.cancel':
      return cancel(question);
    case 'audit.see':
      return isUser ? PERMIT('people-see-audit') : DENY('people-see-audit', 'The audit log is for people.');
    case 'session.see':
    case 'session.revoke':
      return isUser && question.context?.tokenOwner?.principalId === principal.id
        ? PERMIT('own-sessions')
        : DENY('own-sessions', "People see and end their own sessions, and nobody else's.");
    case 'token.see':
    case 'token.create':
    case 'token.revoke':
      return token(question);
    default:
      return DENY('default', 'Nothing permits it.');
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
  if (context?.brokenGlass === true) return PERMIT('glass-broken');
  // Nobody lifts a gate on their own request, whatever was recorded.
  const own = [question.principal.person, ...(context?.behind ?? [])];
  const open = gates.filter((gate) => approvedFor(gate, { approvals, own }) < gate.count);
  if (open.length > 0) return { effect: 'needs', gates: open };
  return PERMIT(gates[0]?.policy ?? 'writes-outside-production-alone');
}

function gatesOf(action: NonNullable<Question['action']>, owner: string, environment: string): Gate[] {
  const gates: Gate[] = [];
  if (action.risk === 'destructive')
    gates.push({
      policy: 'destructive-needs-owner',
      approvers: `team:${owner}`,
      count: 1,
      reason: 'Destructive work takes a second person, of the team that owns it',
    });
  else if (environment === 'production')
    gates.push({
      policy: 'production-needs-owner',
      approvers: `team:${owner}`,
      count: 1,
      reason: 'A write in production takes a second person, of the team that owns it',
    });
  if (action.approval !== undefined)
    gates.push({
      policy: 'action-minimum',
      approvers: `team:${action.approval.team}`,
      count: action.approval.count,
      reason: `The authors of ${action.id} ask for it`,
    });
  return gates;
}

/** One gate for each group of approvers, with the largest count: the tighter one wins. */
function merge(gates: readonly Gate[]): Gate[] {
  const byGroup = new Map<string, Gate>();
  for (const gate of gates) {
    const known = byGroup.get(gate.approvers);
    if (known === undefined || known.count < gate.count) byGroup.set(gate.approvers, gate);
  }
  return [...byGroup.values()];
}

function judge(question: Question): Decision {
  const { principal, context, operation } = question;
  const verb = operation.slice('request.'.length);
  if (principal.kind !== 'user') return DENY('people-approve', `Only a person can ${verb} a request.`);
  if (isRequester(question)) return DENY('no-self-approval', `Nobody can ${verb} their own request.`);
  // Through a second account, or a token of their making, they are no second person.
  if (principal.person !== null && context?.behind?.includes(principal.person))
    return DENY(
      'no-self-approval',
      `Nobody can ${verb} a request that they stand behind: they made its token, or it is another account of theirs.`,
    );
  const approvers = context?.gates?.map((gate) => gate.approvers) ?? [];
  if (approvers.length === 0) return DENY('approver-is-of-the-team', 'It needs no approval.');
  const groups = approverGroupsOf(principal);
  if (!approvers.some((group) => groups.includes(group)))
    return DENY('approver-is-of-the-team', `To ${verb} it you must be ${approvers.map(approversInWords).join(' or ')}.`);
  return PERMIT('approver-is-of-the-team');
}

function breakGlass({ principal, resource }: Question): Decision {
  const owner = resource?.owner ?? '';
  if (principal.kind === 'user' && principal.onCall.includes(owner)) return PERMIT('on-call-breaks-glass');
  return DENY('on-call-breaks-glass', `Only ${approversInWords(`on-call:${owner}`)} can break the glass.`);
}

function cancel(question: Question): Decision {
  const { principal, resource, context } = question;
  if (isRequester(question)) return PERMIT('requester-cancels');
  const groups = [
    ...(context?.gates ?? []).map(({ approvers }) => approvers),
    ...(resource === undefined ? [] : [`team:${resource.owner}`]),
  ];
  const own = approverGroupsOf(principal);
  if (groups.some((group) => own.includes(group))) return PERMIT('owner-cancels');
  return DENY(
    'owner-cancels',
    `Only the requester, or someone of ${[...new Set(groups)].map(approversInWords).join(' or ')}, can cancel it.`,
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
