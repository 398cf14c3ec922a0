import type { Request, RequestState } from '@guichet/contract';
import { BadgeCheck, ShieldAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { useMessages } from '../../../messages/index.tsx';
import { Badge } from '../../../ui/badge.tsx';
import { CopyButton } from '../../../ui/copy.tsx';
import { Facts } from '../../../ui/facts.tsx';
import { Panel } from '../../../ui/page.tsx';
import { Time } from '../../../ui/time.tsx';
import { STATES } from '../request-filter.ts';

/** What the provider has signed about the run, and whether that holds. */
export function ReceiptPanel({ run }: { readonly run: NonNullable<Request['run']> }): ReactNode {
  const messages = useMessages();
  const m = messages.request.receipt;
  const { receipt } = run;
  if (receipt === null) return run.finishedAt === null ? null : <Panel title={m.title}>{<NoReceipt />}</Panel>;
  const { verdict, reason, kid, status, result, finishedAt, token } = receipt;
  const isGood = verdict === 'verified';
  return (
    <Panel title={m.title} actions={token !== null && <CopyButton text={token} label={m.copy} />}>
      <div className="flex flex-col gap-2">
        <Badge tone={isGood ? 'good' : 'bad'} icon={isGood ? BadgeCheck : ShieldAlert} className="self-start">
          {m[verdict]}
        </Badge>
        {reason !== null && <p className="text-sm break-words">{reason}</p>}
        <Facts
          rows={[
            [m.status, status !== null && isState(status) ? messages.requests.states[status] : status],
            [m.finished, finishedAt === null ? null : <Time key="finished" at={finishedAt} />],
            [m.kid, kid === null ? null : <Mono key="kid" text={kid} />],
            [m.result, result === null ? null : <Mono key="result" text={result} />],
          ]}
        />
      </div>
    </Panel>
  );
}

function NoReceipt(): ReactNode {
  const m = useMessages().request.receipt;
  return <p className="text-sm text-soft">{m.none}</p>;
}

function Mono({ text }: { readonly text: string }): ReactNode {
  return <span className="font-mono text-xs break-all">{text}</span>;
}

const isState = (text: string): text is RequestState => STATES.some((state) => state === text);
