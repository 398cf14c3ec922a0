import type { Request } from '@guichet/contract';
import type { ReactNode } from 'react';
import { useMessages } from '../../../messages/index.tsx';
import { CopyButton } from '../../../ui/copy.tsx';
import { Facts } from '../../../ui/facts.tsx';
import { duration } from '../../../ui/format.ts';
import { Panel } from '../../../ui/page.tsx';
import { Time, useNow } from '../../../ui/time.tsx';
import { Tooltip } from '../../../ui/tooltip.tsx';
import { ActionName, ActorName } from '../../company/names.tsx';

/** The facts of a request that are looked up rather than read. */
export function AboutPanel({ request }: { readonly request: Request }): ReactNode {
  const m = useMessages().request;
  const { action, actionVersion, environment, requester, createdAt, expiresAt, startAt, digest, plan, run } = request;
  return (
    <Panel title={m.facts.title}>
      <Facts
        rows={[
          [
            m.facts.action,
            <>
              <ActionName id={action} />{' '}
              <span className="text-xs text-faint">
                {m.facts.version} {short(actionVersion)}
              </span>
            </>,
          ],
          [m.facts.environment, environment],
          [m.facts.requester, <ActorName key="requester" actor={requester} />],
          [m.facts.created, <Time key="created" at={createdAt} />],
          [m.facts.expires, expiresAt === null ? null : <Time key="expires" at={expiresAt} />],
          [m.facts.starts, startAt === null ? null : <Time key="starts" at={startAt} />],
          [m.facts.run, run === null ? null : <Run key="run" run={run} isRunning={request.state === 'running'} />],
          [m.facts.digest, <Digest key="digest" text={digest} label={m.facts.digest} about={m.facts.digestAbout} />],
          [
            m.plan.fingerprint,
            <Digest key="fingerprint" text={plan.fingerprint} label={m.plan.fingerprint} about={m.plan.fingerprintAbout} />,
          ],
        ]}
      />
    </Panel>
  );
}

function Run({ run, isRunning }: { readonly run: NonNullable<Request['run']>; readonly isRunning: boolean }): ReactNode {
  const m = useMessages().request.facts;
  const { attempt, startedAt, finishedAt } = run;
  const now = useNow();
  const end = finishedAt === null ? Math.max(now, Date.parse(startedAt)) : Date.parse(finishedAt);
  return (
    <>
      {/* Of a run that nobody sees any more it is not known how long it took. */}
      {isRunning || finishedAt !== null ? duration((end - Date.parse(startedAt)) / 1000) : <Time at={startedAt} />}
      {attempt > 1 && <span className="text-soft">, {m.attempt(attempt)}</span>}
    </>
  );
}

function Digest({ text, label, about }: { readonly text: string; readonly label: string; readonly about: string }): ReactNode {
  return (
    <span className="flex items-center gap-1">
      <Tooltip text={about}>
        <span className="min-w-0 truncate font-mono text-xs">{short(text)}</span>
      </Tooltip>
      <CopyButton text={text} label={label} />
    </span>
  );
}

const short = (text: string): string => (text.length <= 20 ? text : `${text.slice(0, 20)}…`);
