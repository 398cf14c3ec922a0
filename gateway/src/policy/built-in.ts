import {
  approverGroupsOf,
  approversInWords,
  type Decision,
  type Operation,
  scopeCovers,
  type TokenScope,
} from '@guichet/contract';
import type { Question } from './question.ts';

/**
 * What no file of policies can change. Each takes a question and gives a deny, or undefined for "let policy decide".
 */

const deny = (policy: string, message: string): Decision => ({ effect: 'deny', reasons: [{ policy, message }] });

export const isNarrowed = ({ actions, environments }: TokenScope): boolean => actions !== undefined || environments !== undefined;

/** A narrowed token reaches nothing outside its scope, whatever its principal may do. */
export function narrowed({ principal, action, environment, operation }: Question): Decision | undefined {
  const isNarrow = isNarrowed(principal.scope);
  if (isNarrow && operation.startsWith('token.')) return deny('token-scope', 'A narrowed token cannot manage tokens.');
  if (isNarrow && operation.startsWith('session.')) return deny('token-scope', 'A narrowed token cannot see or end sessions.');
  if (isNarrow && operation === 'audit.see') return deny('token-scope', 'A narrowed token cannot read the audit log.');
  if (isNarrow && operation === 'directory.see')
    return deny('token-scope', 'A narrowed token cannot look up people, teams and services.');
  if (action === undefined || scopeCovers(principal.scope, action.id, environment)) return undefined;
  const where = environment === undefined ? '' : ` in ${environment}`;
  return deny('token-scope', `This token does not cover ${action.id}${where}.`);
}

const JUDGING: ReadonlySet<Operation> = new Set(['request.approve', 'request.reject', 'request.review']);

/** Nobody judges what they stand behind, nor says what became of it: not as themselves, through a second account, or with a token of their making. */
export function selfApproval({ operation, principal, context }: Question): Decision | undefined {
  const verb = verbOf(operation);
  const judges = JUDGING.has(operation);
  const resolves = operation === 'request.resolve';
  if ((judges || resolves || operation === 'request.break_glass') && principal.kind !== 'user')
    return deny('people-approve', `Only a person can ${verb} a request.`);
  if (!judges && !resolves) return undefined;
  if (context?.requesterId === principal.id) return deny('no-self-approval', `Nobody can ${verb} their own request.`);
  if (principal.person !== null && context?.behind?.includes(principal.person))
    return deny(
      'no-self-approval',
      `Nobody can ${verb} a request that they stand behind: they made its token, or it is another account of theirs.`,
    );
  return judges && (context?.gates ?? []).length === 0 ? deny('default', 'It needs no approval.') : undefined;
}

/** What was asked for a while ends with its time: nobody who stands behind it keeps it by stopping what undoes it. */
export function undoByClock({ operation, principal, resource, context }: Question): Decision | undefined {
  if (context?.byClock !== true || (operation !== 'request.cancel' && operation !== 'request.withdraw')) return undefined;
  if (context.requesterId !== principal.id && !(principal.person !== null && context.behind?.includes(principal.person)))
    return undefined;
  const owner = approversInWords(`team:${resource?.owner ?? ''}`);
  return deny(
    'undo-by-clock',
    `The time of what it undoes is over: nobody who stands behind that can ${verbOf(operation)} it. Somebody else of ${owner} can stop it.`,
  );
}

/** A connection acts in the name of whoever asked for it: it is nobody else's. */
export function connectsForOthers({ operation, principal, context }: Question): Decision | undefined {
  if (operation !== 'request.connect' || context?.requesterId === principal.id) return undefined;
  return deny('own-connections', 'Only whoever asked for it can connect to it.');
}

/** What an operation on a kind of action takes before any policy. */
export function wrongKind({ operation, action, resource, environment }: Question): Decision | undefined {
  if (operation === 'action.read' && action?.kind !== 'read') return deny('default', 'Only a read action answers at once.');
  if (operation !== 'action.submit' && operation !== 'action.run') return undefined;
  if (action?.kind !== 'write') return deny('default', 'Only a write action is submitted as a request.');
  if (resource === undefined || environment === undefined) return deny('default', 'A write names its resource and environment.');
  return undefined;
}

/** Nothing permits it: what it would take, as far as that can be said of any set of rules. */
export function unpermitted(question: Question): Decision {
  return deny('default', wordsOf(question));
}

function wordsOf({ operation, principal, action, resource, context }: Question): string {
  const verb = verbOf(operation);
  switch (operation) {
    case 'request.approve':
    case 'request.reject':
    case 'request.review': {
      const approvers = [...new Set((context?.gates ?? []).map((gate) => gate.approvers))];
      if (approvers.length === 0) return `There is nothing to ${verb}: it waits for nobody.`;
      return `Only ${approvers.map(approversInWords).join(' or ')} can ${verb} it.`;
    }
    case 'request.withdraw':
      return 'Only the requester can withdraw a request.';
    case 'request.cancel': {
      const groups = [
        ...(context?.gates ?? []).map((gate) => gate.approvers),
        ...(resource === undefined ? [] : [`team:${resource.owner}`]),
      ];
      return `Only the requester, or someone of ${[...new Set(groups)].map(approversInWords).join(' or ')}, can cancel it.`;
    }
    case 'request.break_glass':
      return `No policy lets you break its glass; by default ${approversInWords(`on-call:${resource?.owner ?? ''}`)} can.`;
    case 'schedule.see':
      return 'A machine sees only its own schedules.';
    case 'schedule.change':
      return `Only whose schedule it is, or someone of ${approversInWords(`team:${resource?.owner ?? ''}`)}, can change it.`;
    case 'request.extend':
      return `Only the requester, or someone of ${approversInWords(`team:${resource?.owner ?? ''}`)}, can extend it.`;
    case 'request.undo':
      return principal.kind === 'machine' ? 'A machine undoes only its own requests.' : 'No policy lets you undo it.';
    case 'request.resolve': {
      const owner = resource?.owner ?? '';
      return `No policy lets you say what became of it; by default ${approversInWords(`team:${owner}`)} or ${approversInWords(`on-call:${owner}`)} can.`;
    }
    case 'request.see':
      return principal.kind === 'machine' ? 'A machine sees only its own requests.' : 'No policy lets you see it.';
    case 'token.see':
    case 'token.create':
    case 'token.revoke':
      if (principal.kind !== 'user') return 'Only a person can manage tokens.';
      return `You can ${verb} only your own tokens and those of machines that your teams own.`;
    case 'session.see':
    case 'session.revoke':
      return "People see and end their own sessions, and nobody else's.";
    case 'audit.see':
      return principal.kind === 'machine' ? 'The audit log is for people.' : 'No policy lets you read the audit log.';
    default:
      return `No policy permits ${action?.id ?? operation} to you.`;
  }
}

const verbOf = (operation: Operation): string => operation.slice(operation.indexOf('.') + 1).replace('_', ' the ');

/** True when the principal is among those who may lift one of the gates. */
export function isApprover({ principal, context }: Question): boolean {
  const groups = approverGroupsOf(principal);
  return (context?.gates ?? []).some(({ approvers }) => groups.includes(approvers));
}
