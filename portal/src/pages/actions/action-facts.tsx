import type { Action } from '@guichet/contract';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useMessages } from '../../messages/index.tsx';
import { CopyButton } from '../../ui/copy.tsx';
import { Facts } from '../../ui/facts.tsx';
import { duration } from '../../ui/format.ts';
import { Panel } from '../../ui/page.tsx';
import { TeamName } from '../company/names.tsx';
import { RiskBadge } from '../requests/risk-badge.tsx';

/** Whose it is, how bad a mistake would be, what undoes it. */
export function ActionFacts({ action }: { readonly action: Action }): ReactNode {
  const { actions: m } = useMessages();
  const { id, kind, risk, provider, team, version, approval, undo, lasts, timeoutSeconds, idempotent, environments } = action;
  const undoId = undo === undefined ? undefined : `${provider}.${undo}`;
  return (
    <Panel title={m.facts}>
      <Facts
        rows={[
          [
            m.fact.id,
            <code key="id" className="font-mono text-xs break-all">
              {id}
            </code>,
          ],
          [m.fact.kind, m.kinds[kind]],
          [m.fact.risk, <RiskBadge key="risk" risk={risk} />],
          [m.fact.team, <TeamName key="team" name={team} />],
          [m.fact.provider, provider],
          [m.fact.approval, approval && m.approvalOf(approval.count, approval.team)],
          [
            m.fact.undo,
            undoId && (
              <Link key="undo" to="/actions/$action" params={{ action: undoId }} className="font-mono text-xs underline">
                {undoId}
              </Link>
            ),
          ],
          [m.fact.lasts, lasts && m.lastsDefault(duration(lasts.default), duration(lasts.most))],
          [m.fact.timeout, duration(timeoutSeconds)],
          [m.fact.idempotent, idempotent && kind === 'write' ? m.repeatable : undefined],
          [m.fact.environments, environments?.join(', ')],
          [
            m.fact.version,
            <span key="version" className="flex items-center gap-1">
              <code className="truncate font-mono text-xs">{version.replace(/^(sha256:.{8}).*$/, '$1…')}</code>
              <CopyButton text={version} label={m.copyVersion} />
            </span>,
          ],
        ]}
      />
    </Panel>
  );
}
