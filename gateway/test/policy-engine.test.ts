import type { Decision, Gate } from '@guichet/contract';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { asPrincipal, parseCompany } from '../src/catalog/index.ts';
import { Policy, PolicySet, type Question } from '../src/policy/index.ts';
import { defaultsAnd, policySet, vocabularyOf } from './support/policies.ts';

const company = parseCompany(
  `
people:
  - { name: nadia, fullName: Nadia, manager: marta }
  - { name: nadia-admin, fullName: Nadia again, sameAs: nadia }
  - { name: amine, fullName: Amine }
  - { name: paula, fullName: Paula, manager: chief }
  - { name: sven, fullName: Sven }
  - { name: marta, fullName: Marta }
  - { name: chief, fullName: Chief }
teams:
  - { name: payments, members: [amine, nadia, nadia-admin], onCall: [sven] }
  - { name: checkout, members: [paula, amine], managers: [paula] }
  - { name: attic, members: [amine, marta], managers: [marta] }
machines:
  - { name: ci, team: payments }
services: []
`,
  'company.yaml',
);

const who = (id: string) => {
  const member = company.member(id);
  if (member === undefined) throw new Error(`${id} is nobody`);
  return asPrincipal(member, {});
};
const by = (id: string) => {
  const { person, teams, onCall } = who(id);
  return {
    person: person ?? id,
    groups: [person ?? id, ...teams.map((team) => `team:${team}`), ...onCall.map((team) => `on-call:${team}`)],
  };
};

const write = { id: 'lab.change', kind: 'write', risk: 'reversible' } as const;
const submit = {
  operation: 'action.submit',
  principal: who('user:nadia'),
  action: write,
  resource: { type: 'lab.thing', id: 'alpha', owner: 'payments' },
  environment: 'staging',
} as const satisfies Question;

const OPEN = '@id("open") permit (principal, action, resource);';
const policyOf = (set: PolicySet): Policy => new Policy({ company: () => company, set });
const decide = (rules: string, more: Partial<Question> = {}): Decision =>
  policyOf(policySet(rules)).decide({ ...submit, ...more });
const gate = (annotations: string, id = 'four-eyes'): string =>
  `${OPEN} @id("${id}") ${annotations} @reason("Two people") forbid (principal, action in Action::"write", resource)
   unless { context.approvals.contains("${id}") };`;

describe('gates', () => {
  test.each<[string, string, Partial<Gate>]>([
    ['the owner of the resource', '@approvers("owner")', { approvers: 'team:payments', count: 1 }],
    ['a named team, twice', '@approvers("team:checkout") @count("2")', { approvers: 'team:checkout', count: 2 }],
    ['whoever is on call for the owner', '@approvers("on-call")', { approvers: 'on-call:payments' }],
    ['whoever is on call for a team', '@approvers("on-call:checkout")', { approvers: 'on-call:checkout' }],
    ['the manager of the requester', '@approvers("manager")', { approvers: 'user:marta' }],
    ['with reuse', '@approvers("owner") @reuse("2h")', { approvers: 'team:payments', reuseSeconds: 7200 }],
  ])('%s', (_, annotations, expected) => {
    expect(decide(gate(annotations))).toEqual({
      effect: 'needs',
      gates: [{ policy: 'four-eyes', count: 1, reason: 'Two people', ...expected }],
    });
  });

  test('an approval of the group lifts it, of another group does not', () => {
    const rules = gate('@approvers("owner")');
    expect(decide(rules, { approvals: [by('user:amine')] })).toEqual({ effect: 'permit', policies: ['open'] });
    expect(decide(rules, { approvals: [by('user:paula')] })).toMatchObject({ effect: 'needs' });
  });

  test('several gates at once are lifted one by one', () => {
    const second =
      '@id("manager-too") @approvers("manager") @reason("Ask them") forbid (principal, action in Action::"write", resource)';
    const rules = `${gate('@approvers("owner")')} ${second} unless { context.approvals.contains("manager-too") };`;
    expect(decide(rules)).toMatchObject({ effect: 'needs', gates: [{ policy: 'four-eyes' }, { policy: 'manager-too' }] });
    expect(decide(rules, { approvals: [by('user:amine')] })).toMatchObject({
      effect: 'needs',
      gates: [{ policy: 'manager-too' }],
    });
    expect(decide(rules, { approvals: [by('user:amine'), by('user:marta')] })).toMatchObject({ effect: 'permit' });
  });

  test('where the company knows no manager, nobody can lift the gate, and the refusal says so', () => {
    const decision = decide(gate('@approvers("manager")'), { principal: who('user:amine') });
    expect(decision).toMatchObject({ effect: 'deny', reasons: [{ message: expect.stringContaining('knows none') }] });
  });

  test('a team that the requester alone manages is no second person: their own manager is', () => {
    const owned = { resource: { type: 't', id: 'x', owner: 'checkout' }, principal: who('user:paula') };
    expect(decide(gate('@approvers("owner")'), owned)).toMatchObject({ effect: 'needs', gates: [{ approvers: 'user:chief' }] });
    expect(decide(gate('@approvers("owner")'), { ...owned, principal: who('user:nadia') })).toMatchObject({
      gates: [{ approvers: 'team:checkout' }],
    });
  });

  test('who manages the approving team alone and has no manager has to let somebody else file it', () => {
    const owned = { resource: { type: 't', id: 'x', owner: 'attic' }, principal: who('user:marta') };
    expect(decide(gate('@approvers("owner")'), owned)).toMatchObject({
      effect: 'deny',
      reasons: [{ policy: 'no-self-approval', message: expect.stringContaining('have somebody else file it') }],
    });
  });

  test('neither the requester nor another account of theirs lifts it', () => {
    const approvals = [by('user:nadia'), by('user:nadia-admin')];
    expect(decide(gate('@approvers("owner")'), { approvals })).toMatchObject({ effect: 'needs' });
    // Joined after the request was filed: the company is asked again.
    const context = { behind: ['user:nadia-admin'] };
    expect(decide(gate('@approvers("owner")'), { principal: who('machine:ci'), context, approvals })).toMatchObject({
      effect: 'needs',
    });
  });

  test('a broken glass lifts gates, and nothing that is forbidden', () => {
    const context = { brokenGlass: true };
    expect(decide(gate('@approvers("owner")'), { context })).toEqual({ effect: 'permit', policies: ['glass-broken'] });
    const never = `${gate('@approvers("owner")')} @id("never") forbid (principal, action in Action::"write", resource);`;
    expect(decide(never, { context })).toMatchObject({ effect: 'deny', reasons: [{ policy: 'never' }] });
  });

  test('gates need a permit behind them: approvals make nothing allowed that is not', () => {
    const alone = gate('@approvers("owner")').replace(OPEN, '');
    expect(decide(alone, { approvals: [by('user:amine')] })).toMatchObject({ effect: 'deny', reasons: [{ policy: 'default' }] });
  });
});

describe('denies', () => {
  test('nothing is permitted by no rules', () => {
    expect(decide('')).toMatchObject({ effect: 'deny', reasons: [{ policy: 'default' }] });
  });

  test('a forbid names its reason, or its place', () => {
    const forbid = (reason: string) =>
      `${OPEN}\n@id("no-fridays") ${reason}\nforbid (principal, action in Action::"write", resource);`;
    expect(decide(forbid('@reason("Not on Fridays")'))).toEqual({
      effect: 'deny',
      reasons: [{ policy: 'no-fridays', message: 'Not on Fridays.' }],
    });
    expect(decide(forbid(''))).toMatchObject({ reasons: [{ message: "The policy 'no-fridays' (file-0.cedar:2) forbids it." }] });
  });

  test('a forbid that cannot be evaluated is a deny: Cedar alone would skip it and allow', () => {
    // The entity of the manager is not in the slice: looking into it fails.
    const rules = `${OPEN} @id("odd") forbid (principal is User, action, resource) when { principal has manager && principal.manager.name == "x" };`;
    expect(decide(rules)).toMatchObject({ effect: 'deny', reasons: [{ policy: 'evaluation-error' }] });
    expect(policyOf(policySet(rules)).explain(submit).errors).toHaveLength(1);
  });
});

describe('what rules can look at', () => {
  const forbid = (when: string): string =>
    `${OPEN} @id("x") forbid (principal, action in Action::"write", resource) when { ${when} };`;
  const vocabulary = vocabularyOf({
    actions: [
      {
        id: 'lab.change',
        kind: 'write',
        risk: 'reversible',
        input: {
          type: 'object',
          properties: { size: { type: 'integer' }, kind: { type: 'string' }, key: { type: 'string', writeOnly: true } },
          required: ['size'],
        },
      },
    ],
  });

  test.each<[string, Partial<Question>, Partial<Question>]>([
    ['principal in Team::"payments"', {}, { principal: who('user:marta') }],
    ['principal in OnCall::"payments"', { principal: who('user:sven') }, {}],
    ['principal is Machine', { principal: who('machine:ci') }, {}],
    ['principal == User::"nadia"', {}, { principal: who('user:amine') }],
    ['context.environment == "staging"', {}, { environment: 'production' }],
    ['["production"].contains(context.environment)', { environment: 'production' }, {}],
    ['resource in Environment::"staging"', {}, { environment: 'production' }],
    ['context.risk == "reversible"', {}, { action: { ...write, risk: 'safe' } }],
    ['action == Action::"lab.change"', {}, { action: { ...write, id: 'lab.other' } }],
    ['action in Action::"lab.*"', {}, { action: { ...write, id: 'shop.change' } }],
    ['resource.owner == Team::"payments"', {}, { resource: { type: 'lab.thing', id: 'alpha', owner: 'checkout' } }],
    ['principal in resource.owner', {}, { principal: who('user:marta') }],
    ['resource.type == "lab.thing"', {}, { resource: { type: 'other', id: 'alpha', owner: 'payments' } }],
  ])('%s', (when, yes, no) => {
    expect(decide(forbid(when), yes)).toMatchObject({ effect: 'deny', reasons: [{ policy: 'x' }] });
    expect(decide(forbid(when), no)).toMatchObject({ effect: 'permit' });
  });

  test('plain fields of the input, typed as the action says, and never a secret one', () => {
    const rule = (when: string): string =>
      `${OPEN} @id("x") forbid (principal, action == Action::"lab.change", resource) when { ${when} };`;
    const big = policyOf(policySet(rule('context.input.size > 10'), vocabulary));
    expect(big.decide({ ...submit, input: { size: 11 } })).toMatchObject({ effect: 'deny' });
    expect(big.decide({ ...submit, input: { size: 10 } })).toMatchObject({ effect: 'permit' });
    expect(big.decide({ ...submit, input: { size: '11' } })).toMatchObject({ reasons: [{ policy: 'evaluation-error' }] });
    const findings = (when: string) => PolicySet.parse([{ path: 'a.cedar', text: rule(when) }], vocabulary).findings;
    expect(findings('context.input.size == "large"')).toMatchObject([{ severity: 'error' }]);
    expect(findings('context.input.key == "x"')).toMatchObject([{ severity: 'error' }]);
    expect(findings('context.input has kind && context.input.kind == "x"')).toEqual([]);
  });
});

test('many sets can be asked in turn, each by its own rules', () => {
  const policies = Array.from({ length: 40 }, (_, index) =>
    policyOf(
      policySet(
        `@id("rule-${index}") permit (principal, action in Action::"write", resource) when { principal in Team::"payments" };`,
      ),
    ),
  );
  for (let round = 0; round < 2; round++)
    for (const [index, policy] of policies.entries())
      expect(policy.decide({ ...submit, environment: `e${round}` })).toEqual({ effect: 'permit', policies: [`rule-${index}`] });
});

describe('whatever the rules say', () => {
  const people = ['user:nadia', 'user:nadia-admin', 'user:amine', 'user:paula', 'user:sven', 'user:marta', 'user:chief'];
  const anyRules = fc
    .uniqueArray(
      fc.record({
        approvers: fc.constantFrom('owner', 'manager', 'on-call', 'team:checkout', 'on-call:payments', 'team:attic'),
        count: fc.integer({ min: 1, max: 3 }),
        risk: fc.constantFrom('safe', 'reversible', 'destructive'),
      }),
      { maxLength: 4, selector: ({ approvers }) => approvers },
    )
    .map((gates) =>
      gates
        .map(
          ({ approvers, count, risk }, index) =>
            `@id("gate-${index}") @approvers("${approvers}") @count("${count}") @reason("r") forbid (principal, action in Action::"write", resource)
             when { context.risk == "${risk}" } unless { context.approvals.contains("gate-${index}") };`,
        )
        .join('\n'),
    )
    .map((gates) => defaultsAnd(gates));
  const anyQuestion = fc.record({
    principal: fc.constantFrom(...people, 'machine:ci').map(who),
    environment: fc.constantFrom('production', 'staging'),
    risk: fc.constantFrom('safe', 'reversible', 'destructive'),
    owner: fc.constantFrom('payments', 'checkout', 'attic'),
    behind: fc.uniqueArray(fc.constantFrom(...people), { maxLength: 2 }),
    approvers: fc.uniqueArray(fc.constantFrom(...people), { maxLength: 7 }),
  });
  const questionOf = ({
    principal,
    environment,
    risk,
    owner,
    behind,
    approvers,
  }: typeof anyQuestion extends fc.Arbitrary<infer Q> ? Q : never) => ({
    ...submit,
    principal,
    environment,
    action: { ...write, risk: risk as 'safe' }, // one of the three risks
    resource: { type: 't', id: 'x', owner },
    context: { behind },
    approvals: approvers.map(by),
  });

  test('an approval of whoever stands behind a request changes nothing', () => {
    fc.assert(
      fc.property(anyRules, anyQuestion, (set, facts) => {
        const question = questionOf(facts);
        const policy = policyOf(set);
        const persons = new Set([question.principal.person, ...facts.behind.map((id) => company.personOf(id))]);
        const others = question.approvals.filter(({ person }) => !persons.has(person));
        expect(policy.decide(question)).toEqual(policy.decide({ ...question, approvals: others }));
      }),
      { numRuns: 150 },
    );
  });

  test('one more approval never takes away what was permitted, nor adds a gate', () => {
    fc.assert(
      fc.property(anyRules, anyQuestion, fc.constantFrom(...people), (set, facts, more) => {
        const policy = policyOf(set);
        const question = questionOf(facts);
        const before = policy.decide(question);
        const after = policy.decide({ ...question, approvals: [...question.approvals, by(more)] });
        if (before.effect !== 'needs') expect(after).toEqual(before);
        else if (after.effect === 'needs')
          expect(before.gates.map(({ policy: id }) => id)).toEqual(
            expect.arrayContaining(after.gates.map(({ policy: id }) => id)),
          );
        else expect(after.effect).toBe('permit');
      }),
      { numRuns: 150 },
    );
  });
});

test('a whole number that is too large to be exact is a deny, never a field that is not there', () => {
  const rules = `${OPEN} @id("much") @approvers("owner") @reason("Much") forbid (principal, action in Action::"write", resource)
    when { context.input has size && context.input.size > 1000 } unless { context.approvals.contains("much") };`;
  const sized = (size: number) => decide(rules, { input: { size } });
  expect([sized(1).effect, sized(1001).effect, sized(Number.MAX_SAFE_INTEGER).effect]).toEqual(['permit', 'needs', 'needs']);
  for (const size of [Number.MAX_SAFE_INTEGER + 1, 1e300, -1e300])
    expect(sized(size)).toMatchObject({ effect: 'deny', reasons: [{ policy: 'evaluation-error' }] });
});
