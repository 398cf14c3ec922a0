import { decisionInWords } from '@guichet/contract';
import { expect, test } from 'vitest';
import { parseCompany } from '../src/catalog/index.ts';
import { DEFAULT_POLICIES, loadPolicies, Policy, type Question } from '../src/policy/index.ts';
import { changesOf } from '../src/policy-tools/changes.ts';

const company = parseCompany(
  `people:
  - { name: nadia, fullName: Nadia Benali }
  - { name: amine, fullName: Amine Diallo }
teams:
  - { name: checkout, members: [nadia] }
  - { name: payments, members: [amine] }
  - { name: sre, members: [] }`,
  'company.yaml',
);
const vocabulary = { environments: ['production', 'staging', 'lab'], actions: [], known: () => true };
const { set } = loadPolicies(DEFAULT_POLICIES, vocabulary);
const policy = new Policy({ company: () => company, set });
const rest = { onCall: [], manager: null, scope: {} } as const;
const nadia = { id: 'user:nadia', kind: 'user', person: 'user:nadia', teams: ['checkout'], ...rest } as const;
const amine = { id: 'user:amine', kind: 'user', person: 'user:amine', teams: ['payments'], ...rest } as const;
const resource = { type: 'lab.thing', id: 'alpha', owner: 'payments' };
const change = { id: 'lab.change', kind: 'write', risk: 'reversible' } as const;

/** `if …: what then` of each change, without the ids of rules. */
async function changes(question: Question, environments = ['production', 'staging', 'lab']): Promise<string[]> {
  const decision = policy.decide(question);
  const found = await changesOf(question, { policy, decision, environments, teams: [...company.teams], name: 'Nadia' });
  return found.map(({ what, decision: then }) => `${what}: ${decisionInWords(then).replaceAll(/ ?\([^)]*\)/g, '')}`);
}

test('a write that needs an approval: with it, or elsewhere, it would run; what changes nothing is left out', async () => {
  const question = { operation: 'action.submit', principal: nadia, action: change, environment: 'production', resource } as const;
  expect(await changes(question)).toEqual([
    "with 1 approval from team 'payments': permitted",
    'if it were in staging or lab: permitted',
  ]);
});

test('several gates: each of them alone, and all together', async () => {
  const action = { ...change, approval: { team: 'sre', count: 2 } };
  const question = { operation: 'action.submit', principal: nadia, action, environment: 'production', resource } as const;
  expect((await changes(question)).slice(0, 3)).toEqual([
    "with 1 approval from team 'payments': needs 2 approvals from team 'sre'",
    "with 2 approvals from team 'sre': needs 1 approval from team 'payments'",
    "with 1 approval from team 'payments' and 2 approvals from team 'sre': permitted",
  ]);
});

const filed = {
  action: change,
  environment: 'production',
  resource,
  context: {
    requesterId: 'user:nadia',
    behind: ['user:nadia'],
    gates: [{ policy: 'production-needs-owner', approvers: 'team:payments', count: 1, reason: '' }],
  },
} as const;

test('who may not approve would be allowed to as a member of the team', async () => {
  const sven = { ...nadia, id: 'user:sven', person: 'user:sven', teams: ['sre'] };
  expect(await changes({ ...filed, operation: 'request.approve', principal: sven })).toEqual([
    "if Nadia were in team 'payments': permitted",
  ]);
});

test('who may approve would not without the team', async () => {
  const found = await changes({ ...filed, operation: 'request.approve', principal: amine });
  expect(found).toContainEqual(expect.stringMatching(/^if Nadia were not in team 'payments': denied/));
  expect(found).toContainEqual(expect.stringMatching(/^if Nadia had filed it: denied/));
});

test('who stands behind a request would be allowed to approve it had somebody else filed it', async () => {
  const principal = { ...nadia, teams: ['payments'] };
  expect(await changes({ ...filed, operation: 'request.approve', principal })).toEqual([
    'if somebody else had filed it: permitted',
  ]);
});

test('a narrowed token is told from what its owner may do', async () => {
  const principal = { ...nadia, scope: { environments: ['production'] } };
  const question = { operation: 'action.submit', principal, action: change, environment: 'staging', resource } as const;
  expect(await changes(question)).toEqual([
    "if it were in production: needs 1 approval from team 'payments'",
    'with a token that is not narrowed: permitted',
  ]);
});

test('many teams that come to the same are told together, and only counted when they are very many', async () => {
  const teams = Array.from({ length: 9 }, (_, index) => `team-${index + 1}`);
  const question = {
    ...filed,
    operation: 'request.cancel',
    principal: { ...nadia, id: 'user:x', person: 'user:x', teams: ['team-1', 'team-2'] },
  } as const;
  const decision = policy.decide(question);
  const found = await changesOf(question, { policy, decision, environments: [], teams, name: 'Nadia' });
  expect(found.find(({ change: kind }) => kind === 'owner')).toMatchObject({
    what: "if team 'team-1' or 'team-2' owned it",
    values: ['team-1', 'team-2'],
  });
});
