import type { AuditEvent } from '@guichet/contract';
import { CircleCheck, CircleSlash, CircleX } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Messages } from '../../messages/en/index.ts';
import { useMessages } from '../../messages/index.tsx';
import { Badge } from '../../ui/badge.tsx';
import { detailOf } from './event-detail.ts';

/** What somebody did, to be read after their name. A gateway that is newer than this page may have others: their type then. */
export function phraseOf(type: string, m: Messages): string {
  const phrases: Readonly<Record<string, string>> = m.auditEvents;
  return phrases[type] ?? type;
}

/** What happened, in words: `Amine approved it · the migration is stuck`. What did not come out is marked, not by its colour alone. */
export function EventWords({ event }: { readonly event: AuditEvent }): ReactNode {
  const m = useMessages();
  const detail = detailOf(event);
  return (
    <span className="flex min-w-0 items-center gap-2">
      <OutcomeIcon outcome={event.outcome} />
      <span className="truncate">
        <span className="font-medium">{event.actor.name}</span> {phraseOf(event.type, m)}
        {detail !== '' && <span className="text-faint"> · {detail}</span>}
      </span>
    </span>
  );
}

function OutcomeIcon({ outcome }: { readonly outcome: AuditEvent['outcome'] }): ReactNode {
  const m = useMessages().audit.outcomes;
  if (outcome === 'ok') return <CircleCheck size={14} aria-hidden className="shrink-0 text-good" />;
  const Icon = outcome === 'denied' ? CircleSlash : CircleX;
  return (
    <>
      <Icon size={14} aria-hidden className={`shrink-0 ${outcome === 'denied' ? 'text-warn' : 'text-bad'}`} />
      <span className="sr-only">{m[outcome]}: </span>
    </>
  );
}

export function OutcomeBadge({ outcome }: { readonly outcome: AuditEvent['outcome'] }): ReactNode {
  const m = useMessages().audit.outcomes;
  if (outcome === 'ok')
    return (
      <Badge tone="good" icon={CircleCheck}>
        {m.ok}
      </Badge>
    );
  return (
    <Badge tone={outcome === 'denied' ? 'warn' : 'bad'} icon={outcome === 'denied' ? CircleSlash : CircleX}>
      {m[outcome]}
    </Badge>
  );
}
