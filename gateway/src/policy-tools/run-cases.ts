import {
  approverGroupsOf,
  type Decision,
  decisionInWords,
  type Expected,
  type Gate,
  gateInWords,
  type PolicyCaseResult,
} from '@guichet/contract';
import { asPrincipal, type Company, type Member } from '../catalog/index.ts';
import type { Policy, Question } from '../policy/index.ts';
import { breather } from './breather.ts';
import type { CaseFile, PolicyCase } from './case-file.ts';

/** Runs the cases of files, in order. `policyOf` gives the policy to test, for a company. */
export async function runCases(files: readonly CaseFile[], policyOf: (company: Company) => Policy): Promise<PolicyCaseResult[]> {
  const breathe = breather();
  const results: PolicyCaseResult[] = [];
  for (const { company, cases } of files) {
    const policy = policyOf(company);
    for (const one of cases) {
      results.push(runCase(one, { policy, company }));
      await breathe();
    }
  }
  return results;
}

function runCase(one: PolicyCase, world: { policy: Policy; company: Company }): PolicyCaseResult {
  const { name, path, line, expected } = one;
  const { decision, rules } = world.policy.explain(questionOf(one, world));
  const ids = [...idsOf(decision), ...rules.map(({ id }) => id)];
  const difference = differenceOf(expected, decision, ids) ?? null;
  return { name, path, line, passed: difference === null, expected, got: decision, rules: [...rules], difference };
}

function questionOf(one: PolicyCase, { policy, company }: { policy: Policy; company: Company }): Question {
  const { action, environment, resource, requester, input, lastsSeconds } = one;
  const member = memberOf(company, one.who);
  const principal = asPrincipal(
    { ...member, teams: one.teams ?? member.teams, onCall: one.onCall ?? member.onCall },
    one.token ?? {},
  );
  const approvals = one.approvals.map((id) => {
    const approver = memberOf(company, id);
    return { person: approver.person ?? id, groups: approverGroupsOf(approver) };
  });
  const operation = one.operation ?? (action?.kind === 'read' ? 'action.read' : 'action.submit');
  const about = { action, environment, resource, input, lastsSeconds };
  if (requester === undefined)
    return { ...about, operation, principal, approvals, context: { tokenOwner: ownerOf(one, company) } };
  const filedBy = memberOf(company, requester);
  // A request carries the gates that it got when it was filed: those that this very set would have given it.
  const filed = policy.decide({ ...about, operation: 'action.submit', principal: asPrincipal(filedBy, {}) });
  return {
    ...about,
    operation,
    principal,
    approvals,
    context: {
      requesterId: filedBy.id,
      behind: filedBy.person === null ? [] : [filedBy.person],
      gates: filed.effect === 'needs' ? filed.gates : [],
    },
  };
}

/** Of operations about a token or a session: whose it is. Others do not look at it. */
function ownerOf({ who, of = who }: PolicyCase, company: Company): { principalId: string; team?: string } {
  const { id, kind, teams } = memberOf(company, of);
  const [team] = kind === 'machine' ? teams : [];
  return { principalId: id, ...(team !== undefined && { team }) };
}

function memberOf(company: Company, id: string): Member {
  const member = company.member(id);
  // parseCases lets no case through that names somebody else
  if (member === undefined) throw new Error(`${id} is not in the company of the case.`);
  return member;
}

/** Ids of the rules that a decision itself names. */
export function idsOf(decision: Decision): string[] {
  switch (decision.effect) {
    case 'permit':
      return [...decision.policies];
    case 'needs':
      return decision.gates.map(({ policy }) => policy);
    case 'deny':
      return decision.reasons.map(({ policy }) => policy);
  }
}

/** What is not as expected, in a sentence; undefined when all is. */
function differenceOf(expected: Expected, decision: Decision, ids: readonly string[]): string | undefined {
  if (decision.effect !== expected.effect) return `It is ${decisionInWords(decision)}.`.replace('It is needs', 'It needs');
  const missing = (expected.policies ?? []).filter((id) => !ids.includes(id));
  if (missing.length > 0)
    return `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not among the rules that decide: ${[...new Set(ids)].join(', ')}.`;
  if (expected.gates === undefined || decision.effect !== 'needs') return undefined;
  const open = [...decision.gates];
  // Those that name their policy choose first: the others take what is left.
  const choosy = [...expected.gates].sort((a, b) => Number(a.policy === undefined) - Number(b.policy === undefined));
  const notOpen = choosy.filter((gate) => {
    const at = open.findIndex((other) => isGate(other, gate));
    if (at >= 0) open.splice(at, 1);
    return at < 0;
  });
  const sentences = [
    ...notOpen.map((gate) => `It does not need ${gateInWords(gate)}${gate.policy === undefined ? '' : ` (${gate.policy})`}.`),
    ...open.map((gate) => `It also needs ${gateInWords(gate)} (${gate.policy}).`),
  ];
  return sentences.length === 0 ? undefined : sentences.join(' ');
}

function isGate(gate: Gate, { approvers, count, policy }: NonNullable<Expected['gates']>[number]): boolean {
  return gate.approvers === approvers && gate.count === count && (policy === undefined || gate.policy === policy);
}
