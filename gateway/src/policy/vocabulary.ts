import type { ActionType, SchemaJson, TypeOfAttribute } from '@cedar-policy/cedar-wasm/nodejs';
import { type ActionKind, type InputSchema, OPERATIONS, type Operation, type Risk } from '@guichet/contract';

/** What policies can speak of; docs/spec/policy.md explains it. The schema that they are validated against is made of it. */
export interface Vocabulary {
  readonly environments: readonly string[];
  readonly actions: readonly VocabularyAction[];
  /** Who and what the company knows; names that it does not are warned about. */
  readonly known: (type: KnownType, name: string) => boolean;
  /** All of their names, to tell which one was probably meant. */
  readonly names?: (type: KnownType) => readonly string[];
}

type KnownType = 'Team' | 'User' | 'Machine' | 'Service';

export interface VocabularyAction {
  readonly id: string;
  readonly kind: ActionKind;
  readonly risk: Risk;
  readonly input: InputSchema;
}

export const RISKS: readonly Risk[] = ['safe', 'reversible', 'destructive'];
export const GROUPS: readonly string[] = ['read', 'write', ...RISKS];

/** Operations that are actions of their own; reading, submitting and running are the actions of the catalogue. */
export const FIXED: readonly Operation[] = OPERATIONS.filter(
  (name) => !['action.read', 'action.submit', 'action.run'].includes(name),
);

/** Groups that an action of the catalogue belongs to. */
export function groupsOf({ id, kind, risk }: Pick<VocabularyAction, 'id' | 'kind' | 'risk'>): string[] {
  return [kind, risk, `${providerOf(id)}.*`];
}

export const providerOf = (action: string): string => action.slice(0, action.indexOf('.'));

type Attributes = Record<string, TypeOfAttribute<string>>;

const STRING: TypeOfAttribute<string> = { type: 'String' };
const BOOLEAN: TypeOfAttribute<string> = { type: 'Boolean' };
const entity = (name: string, required = true): TypeOfAttribute<string> => ({ type: 'Entity', name, required });
const record = (attributes: Attributes): { type: 'Record'; attributes: Attributes } => ({ type: 'Record', attributes });

const ENTITY_TYPES: SchemaJson<string>[string]['entityTypes'] = {
  Team: {},
  OnCall: {},
  Environment: {},
  Provider: {},
  Service: {},
  User: {
    memberOfTypes: ['Team', 'OnCall'],
    shape: record({ name: STRING, email: { ...STRING, required: false }, manager: entity('User', false) }),
  },
  Machine: { memberOfTypes: ['Team'], shape: record({ name: STRING }) },
  Resource: {
    memberOfTypes: ['Environment', 'Team', 'Service'],
    shape: record({ type: STRING, id: STRING, owner: entity('Team'), onCall: entity('OnCall') }),
  },
  Offer: {
    memberOfTypes: ['Environment', 'Provider', 'Team'],
    shape: record({ owner: entity('Team'), kind: STRING, risk: STRING }),
  },
  Request: {
    memberOfTypes: ['Environment', 'Team'],
    shape: record({ owner: entity('Team'), onCall: entity('OnCall'), own: BOOLEAN, approver: BOOLEAN }),
  },
  Token: { shape: record({ own: BOOLEAN, team: entity('Team', false) }) },
  Session: { shape: record({ own: BOOLEAN }) },
  Schedule: { shape: record({ own: BOOLEAN, owner: entity('Team') }) },
  Gateway: {},
};

/** The entity type of what a fixed operation is about. */
export function resourceTypeOf(operation: Operation): 'Offer' | 'Request' | 'Token' | 'Session' | 'Schedule' | 'Gateway' {
  if (operation.startsWith('action.')) return 'Offer';
  if (operation.startsWith('request.')) return 'Request';
  if (operation.startsWith('token.')) return 'Token';
  if (operation.startsWith('schedule.')) return 'Schedule';
  return operation.startsWith('session.') ? 'Session' : 'Gateway';
}

const CALLERS = ['User', 'Machine'];

/** The Cedar schema. `mentioned` are actions that policies name and no provider offers yet: they stand for themselves. */
export function schemaOf({ actions }: Vocabulary, mentioned: readonly string[]): SchemaJson<string> {
  const providers = new Set([...actions.map(({ id }) => id), ...mentioned].map(providerOf));
  const groups = [...GROUPS, ...[...providers].map((name) => `${name}.*`)];
  const all: Record<string, ActionType<string>> = {};
  for (const group of groups) all[group] = {};
  for (const operation of FIXED) all[operation] = fixedAction(operation);
  for (const id of mentioned) all[id] = catalogAction({ id, kind: 'write', risk: 'safe', input: {} });
  for (const action of actions) all[action.id] = catalogAction(action);
  return { '': { entityTypes: ENTITY_TYPES, actions: all } };
}

function fixedAction(operation: Operation): ActionType<string> {
  const type = resourceTypeOf(operation);
  const placed = type === 'Offer' || type === 'Request';
  const context = record(placed ? { environment: { ...STRING, required: false } } : {});
  return { appliesTo: { principalTypes: CALLERS, resourceTypes: [type], context } };
}

function catalogAction(action: VocabularyAction): ActionType<string> {
  const write: Attributes = {
    approvals: { type: 'Set', element: { type: 'String' } },
    // Of what is asked for a while; what is for good has none.
    lastsSeconds: { type: 'Long', required: false },
  };
  const context = record({
    environment: STRING,
    risk: STRING,
    input: { ...record(inputAttributes(action.input)), required: true },
    ...(action.kind === 'write' && write),
  });
  return {
    memberOf: groupsOf(action).map((id) => ({ id })),
    appliesTo: { principalTypes: CALLERS, resourceTypes: [action.kind === 'write' ? 'Resource' : 'Offer'], context },
  };
}

/** The fields of an input that policies can look at: texts, whole numbers and flags at the top, none of them secret. */
function inputAttributes(schema: InputSchema): Attributes {
  const properties = isRecord(schema['properties']) ? schema['properties'] : {};
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  const attributes: Attributes = {};
  for (const [name, property] of Object.entries(properties)) {
    const type = isRecord(property) && property['writeOnly'] !== true ? CEDAR_TYPES.get(property['type']) : undefined;
    if (type !== undefined) attributes[name] = { type, required: required.includes(name) };
  }
  return attributes;
}

const CEDAR_TYPES: ReadonlyMap<unknown, 'String' | 'Long' | 'Boolean'> = new Map([
  ['string', 'String'],
  ['integer', 'Long'],
  ['boolean', 'Boolean'],
]);

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
