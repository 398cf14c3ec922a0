import type { ResponseOf } from '@guichet/client';
import { CircleCheck } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { useMessages } from '../../messages/index.tsx';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Select } from '../../ui/field.tsx';
import { Panel } from '../../ui/page.tsx';
import { ErrorNote, Note } from '../../ui/states.tsx';
import { Time } from '../../ui/time.tsx';
import { RequestName } from '../company/names.tsx';
import { useReconcile } from './use-reconcile.ts';

type Finding = ResponseOf<'audit.reconcile'>['findings'][number];

const PERIODS = ['1', '7', '30', '90'] as const;

/** Compares our record of grants with the ledger of a provider, part by part, when it is asked to. */
export function Reconcile({ provider, hasLedger }: { readonly provider: string; readonly hasLedger: boolean }): ReactNode {
  const { providers, ui } = useMessages();
  const m = providers.reconcile;
  const [period, setPeriod] = useState<(typeof PERIODS)[number]>('7');
  const { state, start, stop } = useReconcile(provider);
  const progress = state.looked === undefined ? '' : m.progress(state.looked.grants, state.looked.entries);
  return (
    <Panel title={m.title}>
      {!hasLedger ? (
        <p className="text-sm text-soft">{m.none}</p>
      ) : (
        <div className="flex flex-col gap-3">
          <p className="text-sm text-soft">{m.about}</p>
          <div className="flex flex-wrap items-center gap-2 text-sm">
            <span>{m.period}</span>
            <Select
              aria-label={m.period}
              className="w-28!"
              disabled={state.isGoing}
              items={PERIODS.map((days) => ({ value: days, label: m.periods[days] }))}
              value={period}
              onChange={setPeriod}
            />
            {state.isGoing ? (
              <Button onClick={stop}>{m.stop}</Button>
            ) : (
              <Button look="primary" onClick={() => start(Number(period))}>
                {m.start}
              </Button>
            )}
          </div>
          <div role="status" className="flex flex-col gap-2 text-sm">
            {state.looked !== undefined && (
              <p className="text-faint">
                {state.isGoing ? progress : ui.labelled(state.isWhole ? m.done : m.stopped, progress)}
                {state.looked.through !== null && state.isGoing && (
                  <>
                    {' '}
                    {m.through} <Time at={state.looked.through} />
                  </>
                )}
              </p>
            )}
            {!state.isGoing && state.isWhole && state.findings.length === 0 && (
              <Note tone="good" icon={CircleCheck}>
                {m.agree}
              </Note>
            )}
            {state.findings.length > 0 && <p className="font-medium">{m.findings(state.findings.length)}</p>}
          </div>
          {state.error !== undefined && <ErrorNote error={state.error} />}
          {state.findings.length > 0 && (
            <ul className="-mx-4 border-t border-line">
              {state.findings.map((finding) => (
                <FindingRow key={`${finding.kind} ${finding.grant} ${finding.run} ${finding.request}`} finding={finding} />
              ))}
            </ul>
          )}
        </div>
      )}
    </Panel>
  );
}

function FindingRow({ finding }: { readonly finding: Finding }): ReactNode {
  const m = useMessages().providers.reconcile;
  const { kind, at, request, message, remedy, resolved } = finding;
  return (
    <li className="flex flex-col gap-0.5 border-b border-line px-4 py-2 text-sm last:border-b-0">
      <div className="flex flex-wrap items-center gap-2">
        <Badge tone={resolved === undefined ? 'warn' : 'neutral'}>{m.kinds[kind]}</Badge>
        {request !== null && <RequestName id={request} />}
        {at !== null && <Time at={at} className="text-xs text-faint" />}
      </div>
      <p>{message}</p>
      {resolved === undefined ? (
        <p className="text-soft">{remedy}</p>
      ) : (
        <p className="text-soft">
          {m.resolved(resolved.by.name)} <Time at={resolved.at} />: {resolved.comment}
        </p>
      )}
    </li>
  );
}
