import type { Gate, Operation } from '@guichet/contract';
import { describe, expect, test } from 'vitest';
import { parseCompany } from '../src/catalog/index.ts';
import { Policy, type Question } from '../src/policy/index.ts';
import { defaultPolicies } from './support/policies.ts';

const company = parseCompany('people: []\nteams: []', 'company.yaml');
const policy = new Policy({ company: () => company, set: defaultPolicies() });
const decide = (question: Question) => policy.decide(question);

const rest = { onCall: [], manager: null, scope: {} } as const;
const nadia = { id: 'user:nadia', kind: 'user', teams: ['checkout', 'payments'], person: 'user:nadia', ...rest } as const;
const amine = { id: 'user:amine', kind: 'user', teams: ['payments'], person: 'user:amine', ...rest } as const;
const sven = { id: 'user:sven', kind: 'user', teams: ['sre'], person: 'user:sven', ...rest } as const;
const ci = { id: 'machine:ci', kind: 'machine', teams: ['payments'], person: null, ...rest } as const;

const read = { id: 'lab.look', kind: 'read', risk: 'safe' } as const;
const change = { id: 'lab.change', kind: 'write', risk: 'reversible' } as const;
const destroy = { id: 'lab.destroy', kind: 'write', risk: 'destructive' } as const;
const withSre = { ...change, approval: { team: 'sre', count: 2 } };
const resource = { type: 'lab.thing', id: 'alpha', owner: 'payments' };
const gate: Gate = { policy: 'destructive-needs-owner', approvers: 'team:payments', count: 1, reason: '' };

/** One word for a decision: what is permitted by, what is denied by, what approvals it needs. */
function inShort(question: Question): string {
  const decision = decide(question);
  switch (decision.effect) {
    case 'permit':
      return `permit: ${decision.policies.join()}`;
    case 'deny':
      return `deny: ${decision.reasons.map(({ policy }) => policy).join()}`;
    case 'needs':
      return `needs: ${decision.gates.map(({ approvers, count }) => `${count} of ${approvers.replace('team:', '')}`).join(', ')}`;
  }
}

describe('writes', () => {
  const submit = { operation: 'action.submit', principal: nadia, resource } as const;
  const by = (principalId: string, ...teams: string[]) => ({ person: principalId, groups: teams.map((team) => `team:${team}`) });

  test.each<[string, Partial<Question>, string]>([
    ['a reversible write in staging runs alone', { action: change, environment: 'staging' }, 'permit: everyone-writes'],
    ['a reversible write in production takes the owner', { action: change, environment: 'production' }, 'needs: 1 of payments'],
    ['destructive work takes the owner everywhere', { action: destroy, environment: 'staging' }, 'needs: 1 of payments'],
    ["an action's own minimum is kept", { action: withSre, environment: 'staging' }, 'needs: 2 of sre'],
    ['both are asked for where both hold', { action: withSre, environment: 'production' }, 'needs: 1 of payments, 2 of sre'],
    [
      'the tighter of two gates of one team wins',
      { action: { ...destroy, approval: { team: 'payments', count: 2 } }, environment: 'staging' },
      'needs: 2 of payments',
    ],
    [
      'a gate that was set when it was filed stays',
      { action: change, environment: 'staging', context: { gates: [gate] } },
      'needs: 1 of payments',
    ],
    [
      'an approval of the team lifts the gate',
      { action: destroy, environment: 'production', approvals: [by('user:amine', 'payments')] },
      'permit: everyone-writes',
    ],
    [
      'an approval of somebody who has left the team counts no more',
      { action: destroy, environment: 'production', approvals: [by('user:amine')] },
      'needs: 1 of payments',
    ],
    [
      "the requester's own approval never counts",
      { action: destroy, environment: 'production', approvals: [by('user:nadia', 'payments')] },
      'needs: 1 of payments',
    ],
    [
      'one person counts once',
      { action: withSre, environment: 'staging', approvals: [by('user:sven', 'sre'), by('user:sven', 'sre')] },
      'needs: 2 of sre',
    ],
    ['a read is not submitted', { action: read, environment: 'staging' }, 'deny: default'],
    ['a write names its environment', { action: change }, 'deny: default'],
  ])('%s', (_, more, answer) => {
    expect(inShort({ ...submit, ...more })).toBe(answer);
    expect(inShort({ ...submit, ...more, operation: 'action.run' })).toBe(answer);
  });
});

describe('commands on a request of nadia that waits for team payments', () => {
  const about = { action: destroy, resource, environment: 'staging', context: { requesterId: 'user:nadia', gates: [gate] } };
  const people = { nadia, amine, sven, ci };

  test.each<[Operation, keyof typeof people, string]>([
    ['request.approve', 'nadia', 'deny: no-self-approval'],
    ['request.approve', 'amine', 'permit: approvers-decide'],
    ['request.approve', 'sven', 'deny: default'],
    ['request.approve', 'ci', 'deny: people-approve'],
    ['request.reject', 'nadia', 'deny: no-self-approval'],
    ['request.reject', 'amine', 'permit: approvers-decide'],
    ['request.reject', 'sven', 'deny: default'],
    ['request.reject', 'ci', 'deny: people-approve'],
    ['request.withdraw', 'nadia', 'permit: requester-withdraws'],
    ['request.withdraw', 'amine', 'deny: default'],
    ['request.withdraw', 'ci', 'deny: default'],
    ['request.cancel', 'nadia', 'permit: owner-cancels,requester-cancels'],
    ['request.cancel', 'amine', 'permit: owner-cancels'],
    ['request.cancel', 'sven', 'deny: default'],
    ['request.cancel', 'ci', 'deny: default'],
    ['request.see', 'sven', 'permit: people-see-requests'],
    ['request.see', 'ci', 'deny: default'],
  ])('%s by %s', (operation, who, answer) => {
    expect(inShort({ ...about, operation, principal: people[who] })).toBe(answer);
  });

  test.each(['request.approve', 'request.reject'] as const)(
    'who made the token of the requesting machine is refused %s',
    (operation) => {
      const context = { requesterId: 'machine:ci', behind: ['user:amine'], gates: [gate] };
      expect(inShort({ ...about, context, operation, principal: amine })).toBe('deny: no-self-approval');
      expect(inShort({ ...about, context, operation, principal: nadia })).toBe('permit: approvers-decide');
      const approvals = [{ person: 'user:amine', groups: ['team:payments'] }];
      expect(inShort({ ...about, context, operation: 'action.run', principal: ci, approvals })).toBe('needs: 1 of payments');
    },
  );

  test.each(['request.cancel', 'request.withdraw'] as const)(
    'nobody behind an undo by the clock is permitted %s',
    (operation) => {
      const context = { requesterId: 'machine:ci', behind: ['user:nadia'], gates: [gate], byClock: true };
      expect(inShort({ ...about, context, operation, principal: ci })).toBe('deny: undo-by-clock');
      expect(inShort({ ...about, context, operation, principal: nadia })).toBe('deny: undo-by-clock');
      expect(inShort({ ...about, context, operation: 'request.cancel', principal: amine })).toBe('permit: owner-cancels');
    },
  );

  test('without a gate there is nothing to approve, and the refusal says so', () => {
    const decision = decide({
      ...about,
      operation: 'request.approve',
      principal: amine,
      context: { requesterId: 'user:nadia', gates: [] },
    });
    expect(decision).toMatchObject({ effect: 'deny', reasons: [{ message: 'It needs no approval.' }] });
  });

  test.each(['request.approve', 'request.reject', 'request.cancel', 'request.see'] as const)(
    'a token narrowed to other actions or environments is refused %s',
    (operation) => {
      const ask = (narrowed: Question['principal']['scope']) =>
        inShort({ ...about, operation, principal: { ...amine, scope: narrowed } });
      expect(ask({ actions: ['postgres.*'] })).toBe('deny: token-scope');
      expect(ask({ environments: ['production'] })).toBe('deny: token-scope');
      expect(ask({ actions: ['lab.*'], environments: ['staging'] })).toMatch(/^permit/);
    },
  );
});

describe('everything else', () => {
  test.each<[string, Question, string]>([
    ['everybody sees actions', { operation: 'action.see', principal: ci, action: change }, 'permit: everyone-sees-actions'],
    [
      'everybody plans',
      { operation: 'action.plan', principal: sven, action: destroy, environment: 'production' },
      'permit: everyone-plans',
    ],
    [
      'everybody reads',
      { operation: 'action.read', principal: sven, action: read, environment: 'production' },
      'permit: everyone-reads',
    ],
    [
      'a write is not read',
      { operation: 'action.read', principal: sven, action: change, environment: 'staging' },
      'deny: default',
    ],
    ['people see the audit log', { operation: 'audit.see', principal: sven }, 'permit: people-see-audit'],
    ['machines do not', { operation: 'audit.see', principal: ci }, 'deny: default'],
    [
      'a narrowed token does not either',
      { operation: 'audit.see', principal: { ...sven, scope: { environments: ['staging'] } } },
      'deny: token-scope',
    ],
    [
      'nor does it tell who and what there is in the company',
      { operation: 'directory.see', principal: { ...sven, scope: { environments: ['staging'] } } },
      'deny: token-scope',
    ],
    [
      'a narrowed token makes no other tokens',
      { operation: 'token.create', principal: { ...sven, scope: { actions: ['lab.*'] } } },
      'deny: token-scope',
    ],
    ['a machine makes no tokens', { operation: 'token.create', principal: ci }, 'deny: default'],
    [
      'people make tokens of the machines of their team',
      { operation: 'token.create', principal: amine, context: { tokenOwner: { principalId: 'machine:ci', team: 'payments' } } },
      'permit: tokens-of-own-machines',
    ],
    [
      'nobody makes tokens of other people',
      { operation: 'token.create', principal: amine, context: { tokenOwner: { principalId: 'user:sven' } } },
      'deny: default',
    ],
  ])('%s', (_, question, answer) => {
    expect(inShort(question)).toBe(answer);
  });

  test('whatever goes wrong while deciding is a deny', () => {
    // What a caller of another language could hand over: a principal without teams.
    const broken = { ...amine, teams: undefined } as unknown as Question['principal'];
    const question: Question = {
      operation: 'request.approve',
      principal: broken,
      context: { requesterId: 'user:nadia', gates: [gate] },
    };
    expect(inShort(question)).toBe('deny: evaluation-error');
  });
});
