import type { Request } from '@guichet/contract';
import { useQuery } from '@tanstack/react-query';
import { Check, CircleDashed, ShieldAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { asked } from '../../../api/gateway.ts';
import { useMessages } from '../../../messages/index.tsx';
import { Badge } from '../../../ui/badge.tsx';
import { Panel } from '../../../ui/page.tsx';
import { readableLines } from '../../../ui/readable.ts';
import { Note } from '../../../ui/states.tsx';
import { Time } from '../../../ui/time.tsx';
import { groupInWords } from '../groups.ts';

/** The gates of a request: who may lift each and why it is there, who did, and why the reader cannot. */
export function ApprovalsPanel({ request }: { readonly request: Request }): ReactNode {
  const m = useMessages().request.gates;
  const { gates, approvals, review, allowed, state } = request;
  const unplaced = approvals.filter(({ groups }) => !gates.some(({ approvers }) => groups.includes(approvers)));
  return (
    <Panel title={m.title}>
      {gates.length === 0 && <p className="text-sm text-soft">{m.none}</p>}
      <ul className="flex flex-col gap-3">
        {gates.map((gate) => (
          <li key={`${gate.policy} ${gate.approvers}`} className="flex flex-col gap-1">
            <Gate gate={gate} isPassed={review !== null} />
            <ApprovalList approvals={approvals.filter(({ groups }) => groups.includes(gate.approvers))} />
          </li>
        ))}
      </ul>
      <ApprovalList approvals={unplaced} />
      {state === 'awaiting_approval' && !allowed.includes('approve') && <WhyNot request={request.id} />}
    </Panel>
  );
}

function Gate({ gate, isPassed }: { readonly gate: Request['gates'][number]; readonly isPassed: boolean }): ReactNode {
  const m = useMessages();
  const { approved, count, approvers, reason, policy } = gate;
  const isLifted = approved >= count;
  return (
    <>
      <div className="flex items-center justify-between gap-2">
        <span className="min-w-0 text-sm font-medium break-words">{groupInWords(approvers, m.request)}</span>
        <Badge
          tone={isLifted ? 'good' : isPassed ? 'bad' : 'warn'}
          icon={isLifted ? Check : isPassed ? ShieldAlert : CircleDashed}
        >
          {m.request.gates.progress(approved, count)}{' '}
          {isLifted ? m.request.gates.lifted : isPassed ? m.request.gates.passed : m.request.gates.open}
        </Badge>
      </div>
      <p className="text-xs text-soft">
        {reason} <span className="text-faint">({policy})</span>
      </p>
    </>
  );
}

function ApprovalList({ approvals }: { readonly approvals: Request['approvals'] }): ReactNode {
  const m = useMessages().request.gates;
  return approvals.map(({ by, at, comment, reusedFrom, former }) => (
    <div key={`${by.id} ${at}`} className="rounded-md bg-sunken px-2.5 py-1.5 text-sm">
      <div className="flex flex-wrap items-baseline justify-between gap-x-2">
        <span className="font-medium">{m.approved(by.name)}</span>
        <Time at={at} className="text-xs text-faint" />
      </div>
      {reusedFrom !== null && <p className="text-xs text-soft">{m.reusedFrom(reusedFrom)}</p>}
      {former === true && <p className="text-xs text-warn">{m.former}</p>}
      {comment !== '' && <p className="break-words whitespace-pre-wrap text-soft">{readableLines(comment)}</p>}
    </div>
  ));
}

/** What policy says to the reader's approval of it. */
function WhyNot({ request }: { readonly request: string }): ReactNode {
  const m = useMessages().request.gates;
  const query = useQuery({
    ...asked('policy.explain', { body: { request, operation: 'request.approve' } }),
    staleTime: 60_000,
  });
  const decision = query.data?.decision;
  if (decision?.effect !== 'deny') return null;
  return (
    <div className="mt-3">
      <Note>
        <p className="font-medium">{m.cannot}</p>
        <ul className="text-soft">
          {decision.reasons.map(({ policy, message }) => (
            <li key={policy}>
              {message} <span className="text-xs text-faint">({policy})</span>
            </li>
          ))}
        </ul>
      </Note>
    </div>
  );
}
