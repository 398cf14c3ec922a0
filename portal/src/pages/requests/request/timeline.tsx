import type { RequestEvent } from '@guichet/contract';
import { Link } from '@tanstack/react-router';
import clsx from 'clsx';
import type { ReactNode } from 'react';
import { useMessages } from '../../../messages/index.tsx';
import { Panel } from '../../../ui/page.tsx';
import { readable, readableLines } from '../../../ui/readable.ts';
import { Skeleton } from '../../../ui/states.tsx';
import { Time } from '../../../ui/time.tsx';
import { toldEvent, toneOf } from './event-facts.ts';
import type { Followed } from './follow.ts';

const DOTS = {
  neutral: 'bg-line-strong',
  info: 'bg-info',
  good: 'bg-good',
  warn: 'bg-warn',
  bad: 'bg-bad',
  accent: 'bg-accent',
} as const;

/** What has happened to a request, in words, oldest first. */
export function Timeline({ followed: { events, connection } }: { readonly followed: Followed }): ReactNode {
  const m = useMessages().request;
  if (events.length === 0)
    return (
      <Panel title={m.timeline.title}>
        {connection === 'connecting' ? <Skeleton rows={3} /> : <p className="text-sm text-faint">{m.timeline.empty}</p>}
      </Panel>
    );
  return (
    <Panel title={m.timeline.title}>
      <ol aria-label={m.timeline.title} className="relative ml-1.5 flex flex-col gap-3 border-l border-line">
        {events.map((event) => (
          <TimelineEvent key={event.number} event={event} />
        ))}
      </ol>
    </Panel>
  );
}

function TimelineEvent({ event }: { readonly event: RequestEvent }): ReactNode {
  const m = useMessages();
  const { facts, quote, because, when, link } = toldEvent(event);
  // An event of a newer gateway has no words here: its name says more than nothing.
  const sentence =
    event.type in m.requestEvents ? m.requestEvents[event.type as keyof typeof m.requestEvents](facts) : event.type;
  return (
    <li className="relative pl-4">
      <span
        aria-hidden
        className={clsx('absolute top-1.5 -left-[4.5px] size-2 rounded-full ring-2 ring-panel', DOTS[toneOf(event.type)])}
      />
      <div className="flex flex-wrap items-baseline justify-between gap-x-3">
        <p className="min-w-0 text-sm break-words">
          {link === undefined ? sentence : <Linked sentence={sentence} id={link} />}
          {when !== undefined && (
            <>
              {' '}
              <Time at={when} className="text-soft" />
            </>
          )}
        </p>
        <Time at={event.at} className="text-xs text-faint" />
      </div>
      {because !== undefined && <p className="text-sm break-words text-soft">{readable(because)}</p>}
      {quote !== undefined && (
        <blockquote className="mt-1 border-l-2 border-line-strong/60 pl-2 text-sm break-words whitespace-pre-wrap text-soft">
          {readableLines(quote)}
        </blockquote>
      )}
    </li>
  );
}

/** The sentence with the request that it names as a link. */
function Linked({ sentence, id }: { readonly sentence: string; readonly id: string }): ReactNode {
  const [before, ...after] = sentence.split(id);
  if (after.length === 0) return sentence;
  return (
    <>
      {before}
      <Link to="/requests/$request" params={{ request: id }} className="font-medium text-accent hover:underline">
        {id}
      </Link>
      {after.join(id)}
    </>
  );
}
