import { type PolicyFinding, Slug } from '@guichet/contract';
import { suggestion } from '../findings/index.ts';
import type { PolicyJson } from './cedar.ts';
import type { GateRule } from './gates.ts';
import { FIXED, GROUPS, groupsOf, RISKS, type Vocabulary } from './vocabulary.ts';

type Compared = 'environment' | 'risk';
type Finding = Pick<PolicyFinding, 'severity' | 'message' | 'remedy'>;

/** Names in a rule: entities it refers to, and texts that it compares `context.environment` and `context.risk` with. */
interface Names {
  readonly entities: { type: string; id: string }[];
  readonly compared: { attribute: Compared; value: string }[];
  /** Ids in `context.approvals.contains("…")`. */
  readonly lifts: string[];
}

/** Actions that a rule names and that neither the gateway nor a provider has. */
export function unknownActions(json: PolicyJson, vocabulary: Vocabulary): string[] {
  const known = knownActions(vocabulary);
  const named = namesIn(json).entities.filter(({ type }) => type === 'Action');
  return [...new Set(named.map(({ id }) => id))].filter((id) => !known.has(id));
}

/** True for a rule about groups of actions (reads, writes, a risk) in which there is no action now. */
export function isOfEmptyGroups(json: PolicyJson, { actions }: Vocabulary): boolean {
  const named = namesIn(json).entities.filter(({ type }) => type === 'Action');
  const taken = new Set(actions.flatMap(groupsOf));
  return named.length > 0 && named.every(({ id }) => GROUPS.includes(id) && !taken.has(id));
}

/** True when a provider may come to offer an action, or group of actions, of that name. */
export const isActionId = (id: string): boolean => /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*\.(?:[a-z][a-z0-9.-]*|\*)$/.test(id);

function knownActions({ actions }: Vocabulary): Set<string> {
  const groups = actions.map(({ id }) => `${id.slice(0, id.indexOf('.'))}.*`);
  return new Set([...GROUPS, ...FIXED, ...groups, ...actions.map(({ id }) => id)]);
}

interface Linted {
  readonly id: string;
  readonly json: PolicyJson;
  readonly gate: GateRule | undefined;
}

/** What Cedar's validator cannot know: names of environments, risks, teams, people and gates are texts to it. */
export function lint(rule: Linted, { vocabulary, gates }: { vocabulary: Vocabulary; gates: readonly string[] }): Finding[] {
  const names = namesIn(rule.json);
  return [
    ...unknownActions(rule.json, vocabulary).map((id) => unknownAction(id, vocabulary)),
    ...names.compared.flatMap(({ attribute, value }) => unknownWord(attribute, value, vocabulary)),
    ...names.entities.flatMap((entity) => unknownEntity(entity, vocabulary)),
    ...unknownApprovers(rule.gate, vocabulary),
    ...(rule.gate !== undefined && !names.lifts.includes(rule.id)
      ? [error(`No approval could ever lift the gate '${rule.id}'`, `Add: unless { context.approvals.contains("${rule.id}") }`)]
      : []),
    ...names.lifts.filter((id) => id !== rule.gate?.id && !gates.includes(id)).map((id) => unknownGate(id, rule, gates)),
  ];
}

/** A request would wait for ever for a team that is misspelt. */
function unknownApprovers(gate: GateRule | undefined, vocabulary: Vocabulary): Finding[] {
  const approvers = gate?.approvers;
  const team = approvers !== undefined && 'team' in approvers ? approvers.team : undefined;
  return team === undefined ? [] : unknownEntity({ type: 'Team', id: team }, vocabulary);
}

function unknownGate(id: string, rule: Linted, gates: readonly string[]): Finding {
  if (id === rule.id)
    return error(`'${id}' is no gate: no approval could ever lift it`, 'Say who approves: @approvers("owner") @reason("…").');
  return error(`There is no gate '${id}' that approvals could lift`, suggestion(id, gates));
}

const error = (message: string, remedy?: string): Finding => ({
  severity: 'error',
  message,
  ...(remedy !== undefined && { remedy }),
});
const warning = (message: string, remedy?: string): Finding => ({
  severity: 'warning',
  message,
  ...(remedy !== undefined && { remedy }),
});

function unknownAction(id: string, vocabulary: Vocabulary): Finding {
  const near = suggestion(id, [...knownActions(vocabulary)]);
  if (isActionId(id)) return warning(`No provider offers an action '${id}' now`, near);
  return error(`There is no action or operation '${id}'`, near);
}

function unknownWord(attribute: Compared, value: string, { environments }: Vocabulary): Finding[] {
  const known = attribute === 'risk' ? RISKS : environments;
  return known.includes(value)
    ? []
    : [error(`There is no ${attribute} '${value}'`, suggestion(value, known) ?? `Known: ${known.join(', ')}.`)];
}

function unknownEntity({ type, id }: { type: string; id: string }, { environments, known, names }: Vocabulary): Finding[] {
  switch (type) {
    case 'Environment':
      return unknownWord('environment', id, { environments } as Vocabulary); // all that is looked at of it
    case 'Team':
    case 'OnCall':
      return known('Team', id) ? [] : [warning(`The company has no team '${id}'`, suggestion(id, names?.('Team') ?? []))];
    case 'User':
    case 'Machine':
    case 'Service':
      if (!Slug.safeParse(id).success) return [error(`'${id}' can be the name of no ${type.toLowerCase()}`)];
      if (known(type, id)) return [];
      return [warning(`The company has no ${type.toLowerCase()} '${id}'`, suggestion(id, names?.(type) ?? []))];
    default:
      return [];
  }
}

function namesIn(json: PolicyJson): Names {
  const names: Names = { entities: [], compared: [], lifts: [] };
  for (const part of [json.principal, json.action, json.resource]) collectEntities(part, names);
  for (const { body } of json.conditions) collect(body, names);
  return names;
}

function collectEntities(node: unknown, names: Names): void {
  if (Array.isArray(node)) for (const item of node) collectEntities(item, names);
  if (!isRecord(node)) return;
  if (typeof node['type'] === 'string' && typeof node['id'] === 'string')
    names.entities.push({ type: node['type'], id: node['id'] });
  for (const value of Object.values(node)) collectEntities(value, names);
}

/** Walks an expression of Cedar's JSON format: each node is an object of one operator. */
function collect(node: unknown, names: Names): void {
  if (Array.isArray(node)) for (const item of node) collect(item, names);
  if (!isRecord(node)) return;
  for (const [operator, operands] of Object.entries(node)) {
    if (operator === 'Value') collectEntities(operands, names);
    if (isRecord(operands)) {
      const { left, right } = operands;
      if (operator === '==' || operator === '!=') compare(left, right, names);
      if (operator === 'contains') {
        const attribute = contextAttribute(left);
        if (attribute === 'approvals') names.lifts.push(...texts(right));
        note(right, left, names);
      }
    }
    collect(operands, names);
  }
}

function compare(left: unknown, right: unknown, names: Names): void {
  for (const [one, other] of [
    [left, right],
    [right, left],
  ])
    note(one, other, names);
}

/** Notes the texts that an attribute of the context is compared with. */
function note(access: unknown, literal: unknown, names: Names): void {
  const attribute = contextAttribute(access);
  if (attribute !== 'environment' && attribute !== 'risk') return;
  for (const value of texts(literal)) names.compared.push({ attribute, value });
}

function contextAttribute(node: unknown): string | undefined {
  const access = isRecord(node) && isRecord(node['.']) ? node['.'] : undefined;
  if (access === undefined || !isRecord(access['left']) || access['left']['Var'] !== 'context') return undefined;
  return typeof access['attr'] === 'string' ? access['attr'] : undefined;
}

/** The texts that a literal, or a set of literals, stands for. */
function texts(node: unknown): string[] {
  if (!isRecord(node)) return [];
  if (typeof node['Value'] === 'string') return [node['Value']];
  if (Array.isArray(node['Value'])) return node['Value'].filter((value) => typeof value === 'string');
  return Array.isArray(node['Set']) ? node['Set'].flatMap(texts) : [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
