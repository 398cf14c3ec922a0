import type { Decision } from '@guichet/contract';
import { CircleCheck, OctagonX, UserCheck } from 'lucide-react';
import type { ReactNode } from 'react';
import { useMessages } from '../../messages/index.tsx';
import { duration } from '../../ui/format.ts';
import { groupInWords } from '../requests/groups.ts';

/** Who must approve, and why; or that nobody must; or why it is not allowed. */
export function DecisionView({ decision }: { readonly decision: Decision }): ReactNode {
  const { actions: m, request } = useMessages();
  switch (decision.effect) {
    case 'permit':
      return (
        <p className="flex gap-2 text-sm">
          <CircleCheck size={15} aria-hidden className="mt-0.5 shrink-0 text-good" />
          <span>
            {m.permitted} <Policies names={decision.policies} />
          </span>
        </p>
      );
    case 'needs':
      return (
        <div className="text-sm">
          <p className="flex gap-2">
            <UserCheck size={15} aria-hidden className="mt-0.5 shrink-0 text-warn" />
            {m.needs}
          </p>
          <ul className="mt-1 flex flex-col gap-1.5 pl-[1.45rem]">
            {decision.gates.map((gate) => (
              <li key={`${gate.policy} ${gate.approvers}`}>
                <span className="font-medium">{m.gate(gate.count, groupInWords(gate.approvers, request))}</span>
                <span className="block text-soft">
                  {gate.reason} <Policies names={[gate.policy]} />
                </span>
                {gate.reuseSeconds !== undefined && (
                  <span className="block text-xs text-faint">{m.reuse(duration(gate.reuseSeconds))}</span>
                )}
              </li>
            ))}
          </ul>
        </div>
      );
    case 'deny':
      return (
        <div role="alert" className="rounded-md border border-bad/40 bg-bad-tint px-3 py-2 text-sm">
          <p className="flex gap-2 font-medium text-bad">
            <OctagonX size={15} aria-hidden className="mt-0.5 shrink-0" />
            {m.denied}
          </p>
          <ul className="mt-1 flex flex-col gap-1 pl-[1.45rem] text-ink">
            {decision.reasons.map(({ policy, message }) => (
              <li key={`${policy} ${message}`}>
                {message} <Policies names={[policy]} />
              </li>
            ))}
          </ul>
        </div>
      );
  }
}

function Policies({ names }: { readonly names: readonly string[] }): ReactNode {
  const m = useMessages().actions;
  return names.map((name) => (
    <span key={name} className="font-mono text-2xs text-faint">
      {m.byPolicy(name)}{' '}
    </span>
  ));
}
