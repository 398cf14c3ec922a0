import { expect, test } from 'vitest';
import { parseCompany } from '../src/catalog/index.ts';
import { type DecideAction, Policy, PolicySet } from '../src/policy/index.ts';
import { vocabularyOf } from './support/policies.ts';

const company = parseCompany('people: [{ name: nadia, fullName: Nadia }]', 'company.yaml');
const decide = (set: PolicySet, action: DecideAction) =>
  new Policy({ company: () => company, set }).decide({
    operation: 'action.submit',
    principal: { id: 'user:nadia', kind: 'user', person: 'user:nadia', teams: [], onCall: [], manager: null, scope: {} },
    action,
    resource: { type: 'kafka.topic', id: 'orders', owner: 'payments' },
    environment: 'staging',
  });

const actions = [{ id: 'postgres.terminate-session', kind: 'write', risk: 'destructive', input: {} }] as const;
const vocabulary = vocabularyOf({ actions, known: (_, name) => name !== 'paymnts' });
const rule = (text: string): string => `@id("first") permit (principal, action, resource);\n\n${text}`;

test.each<[string, string, string, RegExp]>([
  ['a text that is no policy', 'permit (principal, actio, resource);', '3:20', /.+/],
  ['a policy without an end', '@id("a") permit (principal, action, resource)', '3:46', /Unexpected end/],
  ['no id', 'permit (principal, action, resource);', '3:1', /no id/],
  ['an id twice', '@id("first") permit (principal, action, resource);', '3:1', /stands twice/],
  ['a reserved id', '@id("no-self-approval") permit (principal, action, resource);', '3:1', /built-in/],
  [
    'an environment that is not there',
    '@id("a") forbid (principal, action in Action::"write", resource) when { context.environment == "prodution" };',
    '3:1',
    /no environment 'prodution'/,
  ],
  [
    'a place that is not there',
    '@id("a") forbid (principal, action, resource in Environment::"prod");',
    '3:1',
    /no environment 'prod'/,
  ],
  [
    'a risk that is not there',
    '@id("a") forbid (principal, action in Action::"write", resource) when { context.risk == "high" };',
    '3:1',
    /no risk 'high'/,
  ],
  [
    'a group of actions that is not there',
    '@id("a") forbid (principal, action in Action::"wirte", resource);',
    '3:1',
    /no action or operation 'wirte'/,
  ],
  [
    'an attribute that is not there',
    '@id("a") forbid (principal, action in Action::"write", resource) when { resource.colour == "red" };',
    '3:73',
    /colour/,
  ],
  [
    'types that do not go together',
    '@id("a") forbid (principal, action in Action::"write", resource) when { resource.owner == "payments" };',
    '3:73',
    /not compatible/,
  ],
  [
    'a gate that nobody could lift',
    '@id("a") @approvers("owner") @reason("r") forbid (principal, action in Action::"write", resource);',
    '3:1',
    /No approval could ever lift/,
  ],
  [
    'approvers that are nobody',
    '@id("a") @approvers("ops") @reason("r") forbid (principal, action in Action::"write", resource);',
    '3:1',
    /@approvers must be/,
  ],
  [
    'a count of none',
    '@id("a") @approvers("owner") @count("0") @reason("r") forbid (principal, action, resource);',
    '3:1',
    /@count/,
  ],
  [
    'a reuse of some time',
    '@id("a") @approvers("owner") @reuse("a while") @reason("r") forbid (principal, action, resource);',
    '3:1',
    /@reuse/,
  ],
  ['a gate without a reason', '@id("a") @approvers("owner") forbid (principal, action, resource);', '3:1', /@reason/],
  [
    'an annotation that is misspelt',
    '@id("a") @aprovers("owner") @reason("r") forbid (principal, action in Action::"write", resource) unless { context.approvals.contains("a") };',
    '3:1',
    /no annotation @aprovers Did you mean @approvers/,
  ],
  [
    'approvals of what is no gate',
    '@id("a") @reason("r") forbid (principal, action in Action::"write", resource) unless { context.approvals.contains("a") };',
    '3:1',
    /'a' is no gate.+@approvers/,
  ],
  [
    'approvals of a gate that is not there',
    '@id("a") forbid (principal, action in Action::"write", resource) unless { context.approvals.contains("b") };',
    '3:1',
    /no gate 'b'/,
  ],
  ['a gate that permits', '@id("a") @approvers("owner") @reason("r") permit (principal, action, resource);', '3:1', /no gate/],
  [
    'approvals where there are none',
    '@id("a") @approvers("owner") @reason("r") forbid (principal, action, resource) unless { context.approvals.contains("a") };',
    '3:89',
    /approvals/,
  ],
])('a set with %s is refused', (_, text, place, message) => {
  const { set, findings } = PolicySet.parse([{ path: 'a.cedar', text: rule(text) }], vocabulary);
  const errors = findings.filter(({ severity }) => severity === 'error');
  expect(set).toBeUndefined();
  expect(errors.map(({ line, column }) => `${line}:${column}`)).toContain(place);
  expect(errors.map((finding) => `${finding.message} ${finding.remedy ?? ''}`).join('\n')).toMatch(message);
});

test('an action that no provider offers yet is only warned about, and decides when it comes', () => {
  const text =
    '@id("topics") forbid (principal, action == Action::"kafka.topics.delete", resource) unless { principal in Team::"sre" };';
  const { set, findings } = PolicySet.parse([{ path: 'a.cedar', text: rule(text) }], vocabulary);
  expect(findings).toMatchObject([{ severity: 'warning', message: "No provider offers an action 'kafka.topics.delete' now" }]);
  expect(set && decide(set, { id: 'kafka.topics.delete', kind: 'write', risk: 'destructive' })).toMatchObject({
    reasons: [{ policy: 'topics' }],
  });
});

test('a team that the company does not know is warned about', () => {
  const text = '@id("a") forbid (principal in Team::"paymnts", action, resource);';
  const { set, findings } = PolicySet.parse([{ path: 'a.cedar', text }], vocabulary);
  expect(set).toBeDefined();
  expect(findings).toMatchObject([{ severity: 'warning', message: "The company has no team 'paymnts'" }]);
});

test('a gate whose team the company does not know is warned about, with the one that was probably meant', () => {
  const text =
    '@id("a") @approvers("team:paymnts") @reason("r") forbid (principal, action in Action::"write", resource) unless { context.approvals.contains("a") };';
  const { findings } = PolicySet.parse([{ path: 'a.cedar', text }], { ...vocabulary, names: () => ['payments', 'platform'] });
  expect(findings).toMatchObject([
    { severity: 'warning', message: "The company has no team 'paymnts'", remedy: 'Did you mean payments?' },
  ]);
});

test('of a rule that is wrong already, or about what nobody offers yet, it is not told too that it never applies', () => {
  const text = [
    '@id("a") forbid (principal, action == Action::"kafka.topics.delete", resource) when { context.input has size && context.input.size > 3 };',
    '@id("b") forbid (principal is Mashine, action in Action::"write", resource);',
  ].join('\n');
  const { findings } = PolicySet.parse([{ path: 'a.cedar', text }], vocabulary);
  expect(findings.map(({ line, severity, message }) => `${line} ${severity}: ${message}`)).toEqual([
    "1 warning: No provider offers an action 'kafka.topics.delete' now",
    '2 error: Unrecognized entity type `Mashine`',
  ]);
});

test('semicolons and quotes in strings and comments end nothing', () => {
  const text =
    '// permit; "all\n@id("a") @reason("a; \\"b\\" // c")\nforbid (principal, action, resource); // end;\n@id("b") permit (principal, action, resource);';
  const { set, findings } = PolicySet.parse([{ path: 'a.cedar', text }], vocabulary);
  expect(findings).toEqual([]);
  expect(set?.rules.map(({ id, line }) => `${id}:${line}`)).toEqual(['a:2', 'b:4']);
});
