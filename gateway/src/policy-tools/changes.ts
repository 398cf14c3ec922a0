import { type Decision, type Gate, gateInWords, type PolicyChange } from '@guichet/contract';
import type { CountedApproval, Policy, Question } from '../policy/index.ts';
import { breather } from './breather.ts';

/** What a question can be changed to. */
export interface Possibilities {
  readonly environments: readonly string[];
  readonly teams: readonly string[];
  /** Name of the one who asks, as people say it. */
  readonly name: string;
}

/** The question with one thing changed. Those of one kind and one outcome are told together. */
interface Variant {
  readonly change: PolicyChange['change'];
  /** What is put in place of the other: an environment, a team. */
  readonly value: string;
  readonly question: Question;
  /** Half a sentence, for the values that have the same outcome: `if it were in staging`. */
  readonly words: (values: readonly string[]) => string;
}

/**
 * What would change the decision: it is asked again with one thing changed, for each thing that could be. Only what makes
 * it another decision is told, that is: another effect, or other gates.
 */
export async function changesOf(
  question: Question,
  { policy, decision, ...possible }: Possibilities & { policy: Policy; decision: Decision },
): Promise<PolicyChange[]> {
  const breathe = breather();
  const before = outcomeOf(decision);
  const found = new Map<string, { variant: Variant; values: string[]; decision: Decision }>();
  for (const variant of variantsOf(question, { decision, ...possible })) {
    const after = policy.decide(variant.question);
    await breathe();
    const outcome = outcomeOf(after);
    if (outcome === before) continue;
    // What is said in other words is told apart, whatever comes of it.
    const key = `${variant.change} ${variant.words([''])} ${outcome}`;
    const known = found.get(key);
    if (known === undefined) found.set(key, { variant, values: [variant.value], decision: after });
    else known.values.push(variant.value);
  }
  return [...found.values()].map(({ variant, values, decision: after }) => ({
    change: variant.change,
    what: variant.words(values),
    values,
    decision: after,
  }));
}

/** What makes a decision another one. Another team of approvers for the same gate does not. */
function outcomeOf(decision: Decision): string {
  if (decision.effect !== 'needs') return decision.effect;
  return `needs ${decision.gates
    .map(({ policy, count }) => `${policy} ${count}`)
    .sort()
    .join(', ')}`;
}

function variantsOf(question: Question, about: Possibilities & { decision: Decision }): Variant[] {
  return [
    ...approvals(question, about.decision),
    ...environments(question, about),
    ...memberships(question, about),
    ...onCall(question, about),
    ...token(question),
    ...owners(question, about),
    ...requesters(question, about),
  ];
}

function approvals(question: Question, decision: Decision): Variant[] {
  if (decision.effect !== 'needs') return [];
  const { gates } = decision;
  const variant = (lifted: readonly Gate[]): Variant => ({
    change: 'approvals',
    value: lifted.map(({ policy }) => policy).join(' and '),
    question: { ...question, approvals: [...(question.approvals ?? []), ...lifted.flatMap(approvalsFor)] },
    words: () => `with ${lifted.map(gateInWords).join(' and ')}`,
  });
  return [...gates.map((gate) => variant([gate])), ...(gates.length > 1 ? [variant(gates)] : [])];
}

/** As many approvals as the gate asks for, of people who are there for this question only. */
function approvalsFor({ approvers, count }: Gate): CountedApproval[] {
  const groups = [approvers];
  if (approvers.startsWith('user:')) return [{ person: approvers, groups }];
  return Array.from({ length: count }, (_, index) => ({ person: `user:an-approver-${index + 1}`, groups }));
}

function environments(question: Question, { environments: all }: Possibilities): Variant[] {
  if (question.environment === undefined) return [];
  return all
    .filter((environment) => environment !== question.environment)
    .map((environment) => ({
      change: 'environment',
      value: environment,
      question: { ...question, environment },
      words: (values) => `if it were in ${anyOf(values)}`,
    }));
}

function memberships(question: Question, { teams: all, name }: Possibilities): Variant[] {
  const { principal } = question;
  const withTeams = (teams: readonly string[]): Question => ({ ...question, principal: { ...principal, teams } });
  return [
    ...all
      .filter((team) => !principal.teams.includes(team))
      .map(
        (team): Variant => ({
          change: 'team',
          value: team,
          question: withTeams([...principal.teams, team]),
          words: (values) => `if ${name} were in team ${anyOf(values.map(quoted))}`,
        }),
      ),
    ...principal.teams.map(
      (team): Variant => ({
        change: 'team',
        value: team,
        question: withTeams(principal.teams.filter((other) => other !== team)),
        words: (values) => `if ${name} were not in team ${anyOf(values.map(quoted))}`,
      }),
    ),
  ];
}

/** On call for the owner, and for whom a gate asks. */
function onCall(question: Question, { decision, name }: Possibilities & { decision: Decision }): Variant[] {
  const { principal, resource, context } = question;
  const gates = [...(context?.gates ?? []), ...(decision.effect === 'needs' ? decision.gates : [])];
  const asked = gates.flatMap(({ approvers }) => (approvers.startsWith('on-call:') ? [approvers.slice('on-call:'.length)] : []));
  const teams = new Set([...(resource === undefined ? [] : [resource.owner]), ...asked]);
  return [...teams].map((team) => {
    const is = principal.onCall.includes(team);
    const now = is ? principal.onCall.filter((other) => other !== team) : [...principal.onCall, team];
    return {
      change: 'on-call',
      value: team,
      question: { ...question, principal: { ...principal, onCall: now } },
      words: (values) => `if ${name} were ${is ? 'not ' : ''}on call for team ${anyOf(values.map(quoted))}`,
    };
  });
}

function token(question: Question): Variant[] {
  const { principal } = question;
  if (principal.scope.actions === undefined && principal.scope.environments === undefined) return [];
  return [
    {
      change: 'token',
      value: 'not narrowed',
      question: { ...question, principal: { ...principal, scope: {} } },
      words: () => 'with a token that is not narrowed',
    },
  ];
}

function owners(question: Question, { teams }: Possibilities): Variant[] {
  const { resource } = question;
  if (resource === undefined) return [];
  return teams
    .filter((team) => team !== resource.owner)
    .map((owner) => ({
      change: 'owner',
      value: owner,
      question: { ...question, resource: { ...resource, owner } },
      words: (values) => `if team ${anyOf(values.map(quoted))} owned it`,
    }));
}

/** Of what is asked about a request: had it been filed by somebody else, or by the one who asks. */
function requesters(question: Question, { name }: Possibilities): Variant[] {
  const { principal, context, operation } = question;
  if (!operation.startsWith('request.') || context?.requesterId === undefined) return [];
  const isBehind =
    context.requesterId === principal.id || (principal.person !== null && context.behind?.includes(principal.person));
  const filedBy = isBehind
    ? { requesterId: 'user:somebody-else', behind: ['user:somebody-else'] }
    : { requesterId: principal.id, behind: principal.person === null ? [] : [principal.person] };
  return [
    {
      change: 'requester',
      value: isBehind ? 'somebody else' : principal.id,
      question: { ...question, context: { ...context, ...filedBy } },
      words: () => `if ${isBehind ? 'somebody else' : name} had filed it`,
    },
  ];
}

/** How many are named before the rest is only counted. */
const MOST_NAMED = 6;

function anyOf(words: readonly string[]): string {
  const named = words.slice(0, MOST_NAMED);
  const rest = words.length - named.length;
  const all = rest > 0 ? [...named, `${rest} others`] : named;
  return all.length < 2 ? all.join('') : `${all.slice(0, -1).join(', ')} or ${all.at(-1)}`;
}

const quoted = (word: string): string => `'${word}'`;
