import type { Action, Planned } from '@guichet/contract';
import { TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { useMessages, useSpoken } from '../../messages/index.tsx';
import { Facts } from '../../ui/facts.tsx';
import { duration, exactTime } from '../../ui/format.ts';
import { readable } from '../../ui/readable.ts';
import { Note } from '../../ui/states.tsx';
import { RiskBadge } from '../requests/risk-badge.tsx';
import { DecisionView } from './decision-view.tsx';

/** What would happen, in words, and who decides. Nothing has been sent. */
export function PlanView({
  planned: { plan, decision },
  action,
  environment,
  lastsSeconds,
  startAt,
}: {
  readonly planned: Planned;
  readonly action: Pick<Action, 'risk'>;
  readonly environment: string;
  readonly lastsSeconds?: number | undefined;
  readonly startAt?: string | undefined;
}): ReactNode {
  const m = useMessages().actions;
  const { language } = useSpoken();
  const { resource } = plan;
  return (
    <div className="flex flex-col gap-3">
      <p className="text-lg font-medium break-words">{readable(plan.summary)}</p>
      {plan.effects.length > 0 && (
        <div>
          <h3 className="mb-1 text-xs font-medium text-faint">{m.planEffects}</h3>
          <ul className="flex list-disc flex-col gap-0.5 pl-5 text-sm">
            {plan.effects.map((effect) => (
              <li key={effect} className="break-words">
                {readable(effect)}
              </li>
            ))}
          </ul>
        </div>
      )}
      {plan.warnings.length > 0 && (
        <div>
          <h3 className="sr-only">{m.planWarnings}</h3>
          <Note tone="warn" icon={TriangleAlert}>
            <ul className="flex flex-col gap-0.5">
              {plan.warnings.map((warning) => (
                <li key={warning}>{readable(warning)}</li>
              ))}
            </ul>
          </Note>
        </div>
      )}
      <Facts
        rows={[
          [
            m.planOn,
            <code key="on" className="font-mono text-xs">
              {readable(`${resource.type}:${resource.id}`)}
            </code>,
          ],
          [m.planOwner, resource.owner],
          [m.planService, resource.service],
          [m.planIn, environment],
          [m.fact.risk, <RiskBadge key="risk" risk={action.risk} />],
          [m.fact.lasts, lastsSeconds === undefined ? undefined : m.until(duration(lastsSeconds))],
          [m.starts, startAt === undefined ? undefined : exactTime(startAt, language)],
        ]}
      />
      <div className="border-t border-line pt-3">
        <h3 className="mb-1.5 text-xs font-medium text-faint">{m.who}</h3>
        <DecisionView decision={decision} />
      </div>
    </div>
  );
}
