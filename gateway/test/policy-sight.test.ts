import { expect, test } from 'vitest';
import { type CedarCall, type EntityUid, PreparsedRules, parseRule } from '../src/policy/cedar.ts';
import { Sight } from '../src/policy/sight.ts';

const RULES: readonly string[] = [
  'permit (principal, action, resource);',
  'permit (principal, action, resource) when { resource.type == "query" };',
  'permit (principal, action, resource) when { resource.id like "a*" };',
  'permit (principal, action, resource == Resource::"topic:b");',
  'permit (principal, action, resource) when { resource == Resource::"topic:b" };',
  'permit (principal, action, resource) when { [Resource::"topic:b", Resource::"query:a1"].contains(resource) };',
  'permit (principal, action, resource) when { resource in Resource::"query:a1" };',
  'permit (principal, action, resource) when { resource is Resource in Team::"data" };',
  'permit (principal, action, resource in Environment::"production");',
  'permit (principal, action, resource) when { principal in resource.owner };',
  'permit (principal, action, resource) when { principal has manager && principal.manager == User::"amine" };',
  'permit (principal == User::"nadia", action, resource);',
  'permit (principal is User in Team::"orders", action in [Action::"write", Action::"x.y"], resource);',
  'permit (principal, action, resource) when { action in Action::"destructive" };',
  'permit (principal, action == Action::"x.y", resource);',
  'permit (principal, action, resource) when { context has input.pid && context.input.pid > 1 };',
  'permit (principal, action, resource) when { context == {environment: "staging", input: {}, approvals: []} };',
  'permit (principal, action, resource) when { {"Var": resource.id}.Var == "b" };',
  'permit (principal, action, resource) when { {".": {"left": context.environment}}["."].left == "staging" };',
  'permit (principal, action, resource) when { (if context.environment == "staging" then resource.id else resource.type) == "b" };',
  'permit (principal, action, resource) when { context.approvals.containsAny(["one", "two"]) && resource["type"] == "query" };',
  'permit (principal, action, resource) when { [resource.owner, Team::"x"] == [Team::"data", Team::"x"] };',
  'permit (principal, action, resource) when { {who: principal, what: resource} == {who: User::"nadia", what: Resource::"topic:b"} };',
  'forbid (principal, action, resource) unless { context.approvals.contains("one") };',
];

const entity = (type: string, id: string, attrs = {}, parents: EntityUid[] = []) => ({ uid: { type, id }, attrs, parents });
const ref = (type: string, id: string) => ({ __entity: { type, id } });
const PRINCIPALS = [
  entity('User', 'nadia', { name: 'Nadia', manager: ref('User', 'amine') }, [{ type: 'Team', id: 'orders' }]),
  entity('User', 'karim', { name: 'Karim' }, [{ type: 'Team', id: 'data' }]),
  entity('Machine', 'nadia', { name: 'CI' }),
];
const ACTIONS = [
  entity('Action', 'x.y', {}, [{ type: 'Action', id: 'write' }]),
  entity('Action', 'x.z', {}, [
    { type: 'Action', id: 'write' },
    { type: 'Action', id: 'destructive' },
  ]),
];
const resource = (type: string, id: string, place: string, owner = 'data') => {
  const parents = [
    { type: 'Team', id: owner },
    { type: 'Environment', id: place },
  ];
  return entity('Resource', `${type}:${id}`, { type, id, owner: ref('Team', owner) }, parents);
};
const RESOURCES = [
  resource('query', 'a1', 'production'),
  resource('topic', 'b', 'staging'),
  resource('query', 'b', 'staging', 'orders'),
];
const CONTEXTS = [
  { environment: 'staging', input: {}, approvals: [] },
  { environment: 'production', input: { pid: 2 }, approvals: ['one'] },
  { environment: 'production', input: { pid: 1, other: 'x' }, approvals: [] },
];

const CALLS: readonly CedarCall[] = PRINCIPALS.flatMap((principal) =>
  ACTIONS.flatMap((action) =>
    RESOURCES.flatMap((what) => CONTEXTS.map((context) => ({ principal, action, resource: what, context }))),
  ),
);

function jsonOf(text: string) {
  const parsed = parseRule(text);
  if ('problem' in parsed) throw new Error(`${text}: ${parsed.problem.message}`);
  return parsed.json;
}

test.each(RULES)('an answer does not change by what is left out: %s', (rule) => {
  const rules = new Map([['rule', rule]]);
  const held = new PreparsedRules(rule.startsWith('forbid') ? new Map([...rules, ['all', RULES[0] ?? '']]) : rules);
  const sight = new Sight([jsonOf(rule)]);
  const answers = CALLS.map((call) => held.ask(call));
  expect(CALLS.map((call) => held.ask(sight.of(call)))).toEqual(answers);
  // Otherwise this would compare nothing with nothing.
  if (rule !== RULES[0]) expect(new Set(answers.map(({ allowed }) => allowed)).size).toBe(2);
  expect(answers.flatMap(({ errors }) => errors)).toEqual([]);
});

test('what no rule looks at is left out, so that questions which differ in it are one', () => {
  const sight = new Sight([
    jsonOf('permit (principal, action in Action::"write", resource in Team::"data") when { resource.type == "query" };'),
  ]);
  const [principal, action] = [PRINCIPALS[0], ACTIONS[1]] as const;
  if (principal === undefined || action === undefined) throw new Error('there are some');
  const [first, second] = ['a1', 'b'].map((id) =>
    sight.of({ principal, action, resource: resource('query', id, 'staging'), context: { input: { id } } }),
  );
  expect(first).toEqual(second);
  expect(first).toEqual({
    principal: { ...principal, attrs: {} },
    action: { ...action, parents: [{ type: 'Action', id: 'write' }] },
    resource: { ...resource('query', '', 'staging'), uid: { type: 'Resource', id: '' }, attrs: { type: 'query' } },
    context: {},
  });
});
