import type { Request } from '@guichet/contract';
import { Link } from '@tanstack/react-router';
import { CircleAlert, CircleCheck, CircleHelp, CircleX, Flame, Hourglass, type LucideIcon, Unlink } from 'lucide-react';
import type { ReactNode } from 'react';
import { useMessages } from '../../../messages/index.tsx';
import { readableLines } from '../../../ui/readable.ts';
import { Note } from '../../../ui/states.tsx';
import { Time } from '../../../ui/time.tsx';
import { missingInWords } from '../groups.ts';

type Tone = 'info' | 'warn' | 'good' | 'bad';

const LOOKS: Readonly<Record<Request['state'], readonly [Tone, LucideIcon]>> = {
  awaiting_approval: ['warn', Hourglass],
  queued: ['info', CircleAlert],
  running: ['info', CircleAlert],
  succeeded: ['good', CircleCheck],
  failed: ['bad', CircleX],
  cancelled: ['warn', CircleX],
  rejected: ['bad', CircleX],
  withdrawn: ['info', CircleX],
  expired: ['warn', CircleX],
  void: ['warn', Unlink],
  unknown: ['bad', CircleHelp],
};

/** Where it stands in one sentence, why, and what to do next. */
export function Standing({ request }: { readonly request: Request }): ReactNode {
  const { request: m, ui } = useMessages();
  const { state, failure, decidedBy, comment, waitsFor, startAt } = request;
  const [tone, icon] = LOOKS[state];
  return (
    <Note tone={tone} icon={icon}>
      <p className="font-medium" role="status">
        <Sentence request={request} />
      </p>
      {state === 'queued' && waitsFor === null && startAt !== null && Date.parse(startAt) > Date.now() && (
        <p>
          {m.standing.startsLater} <Time at={startAt} />
        </p>
      )}
      {waitsFor !== null && (
        <p>
          <Link to="/requests/$request" params={{ request: waitsFor }} className="text-accent underline">
            {m.standing.waitsFor(waitsFor)}
          </Link>
        </p>
      )}
      {decidedBy !== null && (
        <p className="break-words whitespace-pre-wrap">
          {comment === null || comment === '' ? decidedBy.name : ui.labelled(decidedBy.name, comment)}
        </p>
      )}
      {failure !== null && (
        <>
          <p className="break-words">
            {failure.message} <span className="font-mono text-xs text-faint">{failure.code}</span>
          </p>
          {failure.remedy !== undefined && <p className="break-words">{failure.remedy}</p>}
          {failure.retryable && <p>{m.failure.retryable}</p>}
        </>
      )}
    </Note>
  );
}

function Sentence({ request }: { readonly request: Request }): ReactNode {
  const m = useMessages().request;
  const { state, gates, cancelRequestedAt } = request;
  if (state === 'awaiting_approval') return m.standing.waits(missingInWords(gates, m) ?? '');
  if (state === 'running' && cancelRequestedAt !== null) return m.standing.cancelling;
  return m.standing[state];
}

/** The glass was broken: who did, why, and how it was reviewed. */
export function BrokenGlass({ review }: { readonly review: NonNullable<Request['review']> }): ReactNode {
  const m = useMessages().request;
  const { brokenBy, incident, reason, at, state, verdict, closedBy, comment } = review;
  return (
    <Note tone="bad" icon={Flame}>
      <p className="font-medium">
        {m.glass.broken(brokenBy.name, incident)} · <Time at={at} />
      </p>
      <p className="break-words whitespace-pre-wrap">{readableLines(reason)}</p>
      {state === 'open' || closedBy === null || verdict === null ? (
        <p>{m.glass.reviewOpen}</p>
      ) : (
        <p className="break-words whitespace-pre-wrap">
          {m.glass.reviewClosed(closedBy.name, m.verdicts[verdict])}
          {comment !== null && comment !== '' && `. ${comment}`}
        </p>
      )}
    </Note>
  );
}
