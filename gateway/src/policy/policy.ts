import type { DecidingRule, Decision, Gate } from '@guichet/contract';
import type { Company } from '../catalog/index.ts';
import { inSpanNow } from '../telemetry/index.ts';
import { connectsForOthers, isApprover, narrowed, selfApproval, undoByClock, unpermitted, wrongKind } from './built-in.ts';
import type { CedarAnswer } from './cedar.ts';
import { approvedFor } from './counting.ts';
import { cedarCall } from './entities.ts';
import { gateFor, mergeGates, withoutOwnTeams } from './gates.ts';
import type { PolicySet } from './policy-set.ts';
import type { Question } from './question.ts';

/** What decisions rest on beside the question. */
export interface PolicyOptions {
  readonly company: () => Company;
  readonly set: PolicySet;
}

/** A decision, with the rules that made it. */
export interface ExplainedDecision {
  readonly decision: Decision;
  readonly rules: readonly DecidingRule[];
  /** Rules that could not be evaluated; each is a deny. */
  readonly errors: readonly string[];
}

const deny = (policy: string, message: string): Decision => ({ effect: 'deny', reasons: [{ policy, message }] });

/**
 * The one decision function of the gateway: permit, deny, or the gates that approvals must lift first. Deny by default;
 * anything that goes wrong in it is a deny. First what is built in, then the company's rules; docs/spec/policy.md.
 */
export class Policy {
  readonly #company: () => Company;
  #set: PolicySet;

  constructor({ company, set }: PolicyOptions) {
    this.#company = company;
    this.#set = set;
  }

  get set(): PolicySet {
    return this.#set;
  }

  /** From now on these rules decide. */
  replace(set: PolicySet): void {
    this.#set = set;
  }

  /** The same decisions by other rules, or about another company. */
  with({ set = this.#set, company = this.#company }: Partial<PolicyOptions>): Policy {
    return new Policy({ company, set });
  }

  decide(question: Question): Decision {
    // A list asks once for each of its items what may be seen: no trace wants them.
    if (question.operation.endsWith('.see')) return this.#decide(question).decision;
    return inSpanNow('policy.decide', { 'guichet.operation': question.operation }, (span) => {
      const { decision } = this.#decide(question);
      span?.setAttribute('guichet.effect', decision.effect);
      return decision;
    });
  }

  explain(question: Question): ExplainedDecision {
    const { decision, errors } = this.#decide(question);
    return { decision, rules: rulesOf(decision).map((rule) => this.#placed(rule)), errors };
  }

  #decide(asked: Question): { decision: Decision; errors: readonly string[] } {
    try {
      const question = this.#withPersons(asked);
      const refusal =
        narrowed(question) ??
        wrongKind(question) ??
        selfApproval(question) ??
        undoByClock(question) ??
        connectsForOthers(question);
      if (refusal !== undefined) return { decision: refusal, errors: [] };
      if (question.operation === 'action.submit' || question.operation === 'action.run') return this.#write(question);
      return this.#answer(question, this.#ask(question, []));
    } catch (error) {
      const message = error instanceof Error ? error.message : 'unknown error';
      return { decision: deny('evaluation-error', `The decision could not be made: ${message}.`), errors: [message] };
    }
  }

  /** Accounts may have been joined since the request was filed: who stands behind it is asked of the company again. */
  #withPersons(question: Question): Question {
    const { behind = [] } = question.context ?? {};
    const company = this.#company();
    const persons = new Set([...behind, ...behind.map((id) => company.personOf(id) ?? id)]);
    return { ...question, context: { ...question.context, behind: [...persons] } };
  }

  #ask(question: Question, lifted: readonly string[]): CedarAnswer {
    const { principal, context, operation } = question;
    const own = operation.startsWith('request.')
      ? context?.requesterId === principal.id
      : context?.tokenOwner?.principalId === principal.id;
    return this.#set.ask(cedarCall(question, { lifted, own, approver: isApprover(question) }));
  }

  #answer(question: Question, { allowed, rules, errors }: CedarAnswer): { decision: Decision; errors: readonly string[] } {
    if (errors.length > 0) return { decision: failed(errors), errors };
    if (allowed) return { decision: { effect: 'permit', policies: [...rules] }, errors };
    if (rules.length === 0) return { decision: unpermitted(question), errors };
    const reasons = rules.map((id) => ({ policy: id, message: this.#sentence(id) }));
    return { decision: { effect: 'deny', reasons }, errors };
  }

  /**
   * A write: what forbids it with no approval given? Nothing: permitted. Only gates: permitted once they are lifted, if
   * anything permits it at all. Anything else: denied.
   */
  #write(question: Question): { decision: Decision; errors: readonly string[] } {
    const bare = this.#ask(question, []);
    const matched = bare.allowed ? [] : bare.rules.map((id) => this.#set.gate(id));
    if (bare.errors.length > 0 || (!bare.allowed && (matched.length === 0 || matched.includes(undefined))))
      return this.#answer(question, { ...bare, rules: bare.rules.filter((id) => this.#set.gate(id) === undefined) });
    const rules = matched.filter((rule) => rule !== undefined);
    const lifted = bare.allowed
      ? bare
      : this.#ask(
          question,
          rules.map(({ id }) => id),
        );
    if (!lifted.allowed || lifted.errors.length > 0) return this.#answer(question, lifted);
    if (question.context?.brokenGlass === true) return { decision: { effect: 'permit', policies: ['glass-broken'] }, errors: [] };
    const gates = this.#gates(
      question,
      rules.map((rule) => gateFor(rule, question)),
    );
    if ('unliftable' in gates) return { decision: deny('no-self-approval', gates.unliftable), errors: [] };
    const own = [question.principal.person, ...(question.context?.behind ?? [])];
    const approvals = question.approvals ?? [];
    const open = gates.filter((gate) => approvedFor(gate, { approvals, own }) < gate.count);
    if (open.length > 0) return { decision: { effect: 'needs', gates: open }, errors: [] };
    return { decision: { effect: 'permit', policies: [...lifted.rules] }, errors: [] };
  }

  /** All gates of a request: those that it got when it was filed, those of the rules now, and what its authors ask for. */
  #gates(question: Question, ofRules: readonly (Gate | { unliftable: string })[]): Gate[] | { unliftable: string } {
    const { action, context, principal } = question;
    const behind = [...(context?.behind ?? []), ...(principal.person === null ? [] : [principal.person])];
    const company = this.#company();
    const fresh = [...ofRules, ...(action?.approval === undefined ? [] : [minimum(action.id, action.approval)])].map((gate) =>
      'unliftable' in gate ? gate : withoutOwnTeams(gate, { behind, company }),
    );
    const unliftable = fresh.find((gate) => 'unliftable' in gate);
    if (unliftable !== undefined) return unliftable;
    return mergeGates([...(context?.gates ?? []), ...fresh.flatMap((gate) => ('unliftable' in gate ? [] : [gate]))]);
  }

  #sentence(id: string): string {
    const rule = this.#set.rule(id);
    const reason = rule?.annotations['reason'];
    if (reason !== undefined) return `${reason.replace(/\.$/, '')}.`;
    return `The policy '${id}'${rule === undefined ? '' : ` (${rule.path}:${rule.line})`} forbids it.`;
  }

  #placed(rule: DecidingRule): DecidingRule {
    const known = this.#set.rule(rule.id);
    if (known === undefined) return rule;
    return { ...rule, path: known.path, line: known.line, reason: rule.reason ?? known.annotations['reason'] ?? null };
  }
}

function minimum(id: string, { team, count }: { team: string; count: number }): Gate {
  return { policy: 'action-minimum', approvers: `team:${team}`, count, reason: `The authors of ${id} ask for it` };
}

/** Cedar skips a rule that fails; a forbid that was skipped must not become a permit. */
function failed(errors: readonly string[]): Decision {
  return deny('evaluation-error', `The decision could not be made: ${errors.join('; ')}.`);
}

function rulesOf(decision: Decision): DecidingRule[] {
  const nowhere = { path: null, line: null };
  switch (decision.effect) {
    case 'permit':
      return decision.policies.map((id) => ({ id, role: 'permits', reason: null, ...nowhere }));
    case 'needs':
      return decision.gates.map(({ policy: id, reason }) => ({ id, role: 'gate', reason, ...nowhere }));
    case 'deny':
      return decision.reasons.map(({ policy: id, message }) => ({ id, role: 'forbids', reason: message, ...nowhere }));
  }
}
