import {
  type EntityJson,
  type PolicyJson,
  policyToJson,
  preparsePolicySet,
  type SchemaJson,
  statefulIsAuthorized,
  type ValidationError,
  validate,
} from '@cedar-policy/cedar-wasm/nodejs';

export type { EntityJson, EntityUid, Expr, PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';

/** What Cedar is asked: only the entities that the question is about, for each more of them costs time. */
export interface CedarCall {
  readonly principal: EntityJson;
  readonly action: EntityJson;
  readonly resource: EntityJson;
  readonly context: Record<string, unknown>;
}

export interface CedarAnswer {
  readonly allowed: boolean;
  /** Ids of the rules that made it so; none when nothing permits. */
  readonly rules: readonly string[];
  /** What went wrong. Cedar skips a rule that fails, also a forbid: whoever asks takes any error as a deny. */
  readonly errors: readonly string[];
}

/** What is wrong with a text, `at` so many bytes from its beginning. */
export interface CedarProblem {
  readonly message: string;
  readonly remedy?: string | undefined;
  readonly at: number;
}

export function parseRule(text: string): { json: PolicyJson } | { problem: CedarProblem } {
  const answer = policyToJson(text);
  if (answer.type === 'success') return { json: answer.json };
  const error = answer.errors[0];
  const place = error?.sourceLocations?.[0];
  const message = (error?.message ?? 'This is no Cedar policy.').replace('failed to parse policy from string: ', '');
  return { problem: { message, remedy: error?.help ?? place?.label ?? undefined, at: place?.start ?? 0 } };
}

/** Findings of Cedar's validator, by rule. */
export function validateRules(
  rules: ReadonlyMap<string, string>,
  schema: SchemaJson<string>,
): { errors: (CedarProblem & { rule: string })[]; warnings: (CedarProblem & { rule: string })[] } {
  const answer = validate({ schema, policies: { staticPolicies: Object.fromEntries(rules) } });
  if (answer.type === 'failure') {
    const message = answer.errors.map((error) => error.message).join(' ');
    return { errors: [{ rule: [...rules.keys()][0] ?? '', message, at: 0 }], warnings: [] };
  }
  return { errors: answer.validationErrors.map(problemOf), warnings: answer.validationWarnings.map(problemOf) };
}

function problemOf({ policyId, error }: ValidationError): CedarProblem & { rule: string } {
  const message = error.message.replace(`for policy \`${policyId}\`, `, '');
  const remedy = error.help?.replace(`for policy \`${policyId}\`, `, '');
  return { rule: policyId, message, remedy, at: error.sourceLocations?.[0]?.start ?? 0 };
}

/** How many sets Cedar keeps parsed at a time: it never forgets one by itself, only when another takes its place. */
const SLOTS = 256;
const holders: (PreparsedRules | undefined)[] = [];
let nextSlot = 0;

/** Rules that Cedar holds parsed: asking them costs a tenth of a millisecond, parsing them a hundred times that. */
export class PreparsedRules {
  readonly #rules: Readonly<Record<string, string>>;
  #slot: number | undefined;

  constructor(rules: ReadonlyMap<string, string>) {
    this.#rules = Object.fromEntries(rules);
  }

  ask({ principal, action, resource, context }: CedarCall): CedarAnswer {
    const preparsedPolicySetId = this.#held();
    const answer = statefulIsAuthorized({
      principal: principal.uid,
      action: action.uid,
      resource: resource.uid,
      context: context as Parameters<typeof statefulIsAuthorized>[0]['context'], // made of JSON by the one who asks
      entities: [principal, action, resource],
      preparsedPolicySetId,
    });
    if (answer.type === 'failure') return { allowed: false, rules: [], errors: answer.errors.map(({ message }) => message) };
    const { decision, diagnostics } = answer.response;
    return {
      allowed: decision === 'allow',
      rules: [...diagnostics.reason].sort(), // Cedar has them in no order
      errors: diagnostics.errors.map(({ policyId, error }) => `${policyId}: ${error.message}`),
    };
  }

  #held(): string {
    if (this.#slot === undefined || holders[this.#slot] !== this) {
      this.#slot = nextSlot;
      nextSlot = (nextSlot + 1) % SLOTS;
      holders[this.#slot] = this;
      const answer = preparsePolicySet(`slot-${this.#slot}`, { staticPolicies: { ...this.#rules } });
      if (answer.type === 'failure') {
        holders[this.#slot] = undefined;
        throw new Error(answer.errors.map(({ message }) => message).join(' '));
      }
    }
    return `slot-${this.#slot}`;
  }
}
