import type { DecidingRule, Decision } from '@guichet/contract';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Messages } from '../../messages/en/index.ts';
import { useMessages } from '../../messages/index.tsx';
import { Badge, type Tone } from '../../ui/badge.tsx';

const TONES: Readonly<Record<Decision['effect'], Tone>> = { permit: 'good', needs: 'warn', deny: 'bad' };

/** `team:payments` as people say it. */
export function approversOf(group: string, m: Messages): string {
  const name = group.slice(group.indexOf(':') + 1);
  if (group.startsWith('team:')) return m.policy.team(name);
  return group.startsWith('on-call:') ? m.policy.onCall(name) : name;
}

/** What a decision says beyond its effect: who has to approve, or why not. */
export function decisionDetail(decision: Decision, m: Messages): string {
  switch (decision.effect) {
    case 'permit':
      return decision.policies.join(', ');
    case 'needs':
      return decision.gates
        .map(({ count, approvers, policy }) => `${m.policy.gate(count, approversOf(approvers, m))} (${policy})`)
        .join(` ${m.policy.and} `);
    case 'deny':
      return decision.reasons.map(({ policy, message }) => `${message} (${policy})`).join(' ');
  }
}

/** A decision on one line. */
export function DecisionWords({ decision }: { readonly decision: Decision }): ReactNode {
  const m = useMessages();
  return (
    <span className="inline-flex max-w-full flex-wrap items-center gap-x-2 gap-y-0.5">
      <Badge tone={TONES[decision.effect]}>{m.policy.effects[decision.effect]}</Badge>
      <span className="min-w-0 break-words text-soft">{decisionDetail(decision, m)}</span>
    </span>
  );
}

const ROLES: Readonly<Record<DecidingRule['role'], Tone>> = { permits: 'good', gate: 'warn', forbids: 'bad' };

/** The rules that made a decision what it is, each with its place. */
export function DecidingRules({ rules }: { readonly rules: readonly DecidingRule[] }): ReactNode {
  const m = useMessages().policy;
  if (rules.length === 0) return <p className="text-sm text-soft">{m.noRule}</p>;
  return (
    <ul className="flex flex-col gap-2 text-sm">
      {rules.map(({ id, role, reason, path, line }) => (
        <li key={`${role} ${id}`} className="flex flex-wrap items-baseline gap-x-2">
          <Badge tone={ROLES[role]}>{m.roles[role]}</Badge>
          {path === null ? (
            <span className="font-mono text-xs font-medium">{id}</span>
          ) : (
            <Link to="/policy" search={{ q: id }} className="font-mono text-xs font-medium text-accent underline">
              {id}
            </Link>
          )}
          <span className="font-mono text-xs text-faint">
            {path === null ? m.builtIn : `${path}${line === null ? '' : `:${line}`}`}
          </span>
          {reason !== null && <span className="basis-full text-soft">{reason}</span>}
        </li>
      ))}
    </ul>
  );
}
