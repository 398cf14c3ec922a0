import { createHash } from 'node:crypto';
import type { PolicyFile, PolicyFinding, PolicyRule } from '@guichet/contract';
import {
  type CedarAnswer,
  type CedarCall,
  type EntityUid,
  type PolicyJson,
  PreparsedRules,
  parseRule,
  validateRules,
} from './cedar.ts';
import { tooComplex } from './complexity.ts';
import { type GateRule, gateRule } from './gates.ts';
import { isActionId, isOfEmptyGroups, lint, unknownActions } from './lint.ts';
import { Sight } from './sight.ts';
import { fromByteOffset, placeOf, splitRules } from './split-rules.ts';
import { schemaOf, type Vocabulary } from './vocabulary.ts';

/** Ids that decisions of built-in rules carry: no file may take one. */
export const RESERVED: readonly string[] = [
  'default',
  'token-scope',
  'no-self-approval',
  'undo-by-clock',
  'people-approve',
  'action-minimum',
  'glass-broken',
  'evaluation-error',
];

/** More than any company has; each costs time in every decision. */
const MOST_RULES = 1000;
/** Answers that are kept at a time: some megabytes. */
const MOST_ANSWERS = 5000;
const RULE_ID = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;

interface Parsed extends PolicyRule {
  readonly json: PolicyJson;
  readonly gate: GateRule | undefined;
  readonly file: string;
  readonly offset: number;
}

/** The rules that may concern an action, and the answer when it is always the same. */
interface Concerned {
  readonly held: PreparsedRules;
  readonly sight: Sight;
  readonly constant: CedarAnswer | undefined;
}

/** Rules that were parsed and found valid together. Immutable; cheap to ask. */
export class PolicySet {
  readonly rules: readonly PolicyRule[];
  /** Names the set: the same files give the same digest. */
  readonly digest: string;
  readonly #parsed: ReadonlyMap<string, Parsed>;
  /** By the ids of the rules. */
  readonly #held = new Map<string, Concerned>();
  /** By the id and the groups of the action. Bounded: test cases may invent actions. */
  readonly #concerned = new Map<string, Concerned>();
  readonly #answers = new Map<string, CedarAnswer>();

  private constructor(parsed: readonly Parsed[]) {
    this.#parsed = new Map(parsed.map((rule) => [rule.id, rule]));
    this.rules = parsed.map(({ id, effect, annotations, path, line, text }) => ({ id, effect, annotations, path, line, text }));
    const hash = createHash('sha256');
    for (const { path, text } of this.rules) hash.update(`${path}\0${text}\0`);
    this.digest = `sha256:${hash.digest('hex')}`;
  }

  /** The set of these files, or no set and what is wrong. Findings that are warnings leave the set valid. */
  static parse(
    files: readonly PolicyFile[],
    vocabulary: Vocabulary,
  ): { readonly set?: PolicySet | undefined; readonly findings: readonly PolicyFinding[] } {
    const findings: PolicyFinding[] = tooMany(files);
    if (findings.length > 0) return { findings };
    const parsed = files.flatMap((file) => parseFile(file, findings));
    refuseTwice(parsed, findings);
    const gates = parsed.filter(({ gate }) => gate !== undefined).map(({ id }) => id);
    for (const rule of parsed) for (const finding of lint(rule, { vocabulary, gates })) findings.push(at(rule, 0, finding));
    findings.push(...validated(parsed, vocabulary, findings));
    findings.sort((a, b) => a.path.localeCompare(b.path) || a.line - b.line || a.column - b.column);
    const bad = findings.some(({ severity }) => severity === 'error');
    return { set: bad ? undefined : new PolicySet(parsed), findings };
  }

  rule(id: string): PolicyRule | undefined {
    return this.#parsed.get(id);
  }

  /** The gate that a rule is; undefined for a rule that no approval lifts. */
  gate(id: string): GateRule | undefined {
    return this.#parsed.get(id)?.gate;
  }

  /** The same question has the same answer, always: nothing is looked up, and there is no clock. */
  ask(call: CedarCall): CedarAnswer {
    const { constant, held, sight } = this.#concerning([call.action.uid, ...call.action.parents].map(idOf));
    if (constant !== undefined) return constant;
    const seen = sight.of(call);
    const key = JSON.stringify(seen);
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    const answer = held.ask(seen);
    if (this.#answers.size >= MOST_ANSWERS) this.#answers.clear();
    this.#answers.set(key, answer);
    return answer;
  }

  /** The rules that may concern an action, by its id and its groups: Cedar looks at each rule that it is given. */
  #concerning(action: readonly string[]): Concerned {
    const key = action.join();
    const known = this.#concerned.get(key);
    if (known !== undefined) return known;
    const rules = [...this.#parsed.values()].filter(({ json }) => mayConcern(json, action));
    const ids = rules.map(({ id }) => id).join();
    const concerned = this.#held.get(ids) ?? {
      held: new PreparsedRules(new Map(rules.map(({ id, text }) => [id, text]))),
      sight: new Sight(rules.map(({ json }) => json)),
      constant: constantOf(rules),
    };
    this.#held.set(ids, concerned);
    if (this.#concerned.size >= MOST_ANSWERS) this.#concerned.clear();
    this.#concerned.set(key, concerned);
    return concerned;
  }
}

/** What is permitted to everybody, whatever it is about, needs no evaluation: most of what is seen and read. */
function constantOf(rules: readonly Parsed[]): CedarAnswer | undefined {
  const open = rules.filter(({ json }) => json.effect === 'permit' && isUnconditional(json));
  if (open.length === 0 || rules.some(({ effect }) => effect === 'forbid')) return undefined;
  return { allowed: true, rules: open.map(({ id }) => id), errors: [] };
}

/** False only where the head of a rule names other actions. */
function mayConcern({ action }: PolicyJson, ids: readonly string[]): boolean {
  if (action.op === 'All') return true;
  const named = action.op === 'in' && 'entities' in action ? action.entities : 'entity' in action ? [action.entity] : undefined;
  return named === undefined || named.some((entity) => ids.includes(idOf(entity)));
}

const idOf = (entity: EntityUid): string => ('__entity' in entity ? entity.__entity : entity).id;

function isUnconditional({ principal, resource, conditions }: PolicyJson): boolean {
  return principal.op === 'All' && resource.op === 'All' && conditions.length === 0;
}

function tooMany(files: readonly PolicyFile[]): PolicyFinding[] {
  const count = files.reduce((sum, { text }) => sum + splitRules(text).length, 0);
  if (count <= MOST_RULES) return [];
  const message = `These are ${count} rules; a set holds ${MOST_RULES}`;
  return [{ path: files[0]?.path ?? '', line: 1, column: 1, severity: 'error', message }];
}

function parseFile(file: PolicyFile, findings: PolicyFinding[]): Parsed[] {
  return splitRules(file.text).flatMap(({ text, offset }) => {
    const where = { path: file.path, file: file.text, offset, text };
    const complex = tooComplex(text);
    if (complex !== undefined) {
      const { at: units, ...finding } = complex;
      findings.push(at(where, Buffer.byteLength(text.slice(0, units)), { severity: 'error', ...finding }));
      return [];
    }
    const answer = parseRule(text);
    if ('problem' in answer) {
      const { message, remedy, at: bytes } = answer.problem;
      findings.push(at(where, bytes, { severity: 'error', message, remedy }));
      return [];
    }
    const { json } = answer;
    const annotations = json.annotations ?? {};
    const id = annotations['id'] ?? '';
    const wrong = wrongId(id);
    if (wrong !== undefined) {
      findings.push(at(where, 0, { severity: 'error', ...wrong }));
      return [];
    }
    const gate = gateRule(id, annotations);
    if (gate !== undefined && ('wrong' in gate || json.effect === 'permit')) {
      const message = 'wrong' in gate ? gate.wrong : `The permit '${id}' is no gate: a gate is a forbid that approvals lift`;
      findings.push(at(where, 0, { severity: 'error', message, remedy: 'wrong' in gate ? gate.remedy : undefined }));
      return [];
    }
    const { line } = placeOf(file.text, offset);
    return [{ id, effect: json.effect, annotations, path: file.path, line, text, json, gate, file: file.text, offset }];
  });
}

function wrongId(id: string): { message: string; remedy?: string } | undefined {
  if (id === '') return { message: 'The rule has no id', remedy: 'Name it: @id("four-eyes-in-production")' };
  if (!RULE_ID.test(id)) return { message: `The id '${id}' must be small letters, digits and single hyphens` };
  return RESERVED.includes(id) ? { message: `The id '${id}' belongs to a built-in rule`, remedy: 'Choose another.' } : undefined;
}

function refuseTwice(parsed: readonly Parsed[], findings: PolicyFinding[]): void {
  const first = new Map<string, Parsed>();
  for (const rule of parsed) {
    const known = first.get(rule.id);
    if (known === undefined) first.set(rule.id, rule);
    else
      findings.push(
        at(rule, 0, { severity: 'error', message: `The id '${rule.id}' stands twice: also at ${known.path}:${known.line}` }),
      );
  }
}

/** What Cedar's own validator finds, of rules that have passed so far. A rule about actions that are not there yet is only warned about. */
function validated(parsed: readonly Parsed[], vocabulary: Vocabulary, findings: readonly PolicyFinding[]): PolicyFinding[] {
  const broken = findings.some(({ severity, message }) => severity === 'error' && message.includes('stands twice'));
  if (parsed.length === 0 || broken) return [];
  const unknown = new Map(parsed.map((rule) => [rule.id, unknownActions(rule.json, vocabulary)]));
  const mentioned = [...new Set([...unknown.values()].flat())].filter((id) => isActionId(id) && !id.endsWith('.*'));
  const groups = [...new Set([...unknown.values()].flat())].filter((id) => isActionId(id) && id.endsWith('.*'));
  const schema = schemaOf(vocabulary, [...mentioned, ...groups.map((id) => `${id.slice(0, -1)}any-action`)]);
  const rules = new Map(parsed.map(({ id, text }) => [id, text]));
  const byId = new Map(parsed.map((rule) => [rule.id, rule]));
  const { errors, warnings } = validateRules(rules, schema);
  const wrong = new Set(errors.map(({ rule }) => rule));
  const told = (severity: PolicyFinding['severity']) => (problem: (typeof errors)[number]) => {
    const rule = byId.get(problem.rule);
    if (rule === undefined) return [];
    const early = (unknown.get(rule.id) ?? []).length > 0;
    // Said already, in our words.
    if (early && problem.message.startsWith('unrecognized action')) return [];
    // Nobody offers such an action now, or another finding says why: that it can never apply says nothing more of the rule.
    if (severity === 'warning' && (early || wrong.has(rule.id) || isOfEmptyGroups(rule.json, vocabulary))) return [];
    return [at(rule, problem.at, { severity: early ? 'warning' : severity, message: problem.message, remedy: problem.remedy })];
  };
  return onePerPlace([...errors.flatMap(told('error')), ...warnings.flatMap(told('warning'))]);
}

/** Cedar looks at a rule once for each action that it may concern, and finds the same thing each time. */
function onePerPlace(findings: readonly PolicyFinding[]): PolicyFinding[] {
  const places = findings.map(({ path, line, column, severity }) => `${path}:${line}:${column} ${severity}`);
  return findings.filter((_, index) => places.indexOf(places[index] ?? '') === index);
}

function at(
  { path, file, offset, text }: { path: string; file: string; offset: number; text: string },
  bytes: number,
  finding: Pick<PolicyFinding, 'severity' | 'message'> & { remedy?: string | undefined },
): PolicyFinding {
  const { remedy, severity, message } = finding;
  const place = placeOf(file, offset + fromByteOffset(text, bytes));
  return { path, ...place, severity, message: sentence(message), ...(remedy !== undefined && { remedy: sentence(remedy) }) };
}

/** Cedar begins its messages with a small letter. */
const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
