import { useQuery } from '@tanstack/react-query';
import { ShieldAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { useMessages, useSpoken } from '../../messages/index.tsx';
import { Code } from '../../ui/copy.tsx';
import { duration, number } from '../../ui/format.ts';
import { Note } from '../../ui/states.tsx';
import { Time } from '../../ui/time.tsx';
import { type AuditStatus, auditStatus, STANDING_LOOKS } from './standing-look.ts';

/** Whether the log holds, on the pages about it: one line as long as it does, and all that is known when it does not. */
export function AuditStanding(): ReactNode {
  const m = useMessages().audit.standing;
  const { data: status } = useQuery(auditStatus);
  if (status === undefined) return <div className="h-5" />; // its place, so that nothing moves when it comes
  const [Icon, colour] = STANDING_LOOKS[status.state];
  return (
    <section aria-label={m.label} className="flex flex-col gap-2">
      <p role="status" className="flex flex-wrap items-center gap-x-2 gap-y-0.5 text-sm text-soft">
        <span className={`inline-flex items-center gap-1.5 font-medium ${colour}`}>
          <Icon size={15} aria-hidden />
          {m.states[status.state]}
        </span>
        <Checked status={status} />
        {status.log && <Sealed log={status.log} />}
      </p>
      {status.log && <Problems log={status.log} isDamaged={status.state === 'damaged'} />}
    </section>
  );
}

function Checked({ status: { at, log } }: { readonly status: AuditStatus }): ReactNode {
  const m = useMessages().audit.standing;
  const whole = log?.verified?.wholeAt;
  return (
    <>
      {at !== null && (
        <span>
          · {m.verified} <Time at={at} />
        </span>
      )}
      {whole != null && whole !== at && (
        <span>
          ({m.whole} <Time at={whole} />)
        </span>
      )}
    </>
  );
}

function Sealed({ log }: { readonly log: NonNullable<AuditStatus['log']> }): ReactNode {
  const m = useMessages().audit.standing;
  const { language } = useSpoken();
  return (
    <>
      <span>· {log.head === null ? m.nothing : m.sealed(number(log.size, language), log.head.number)}</span>
      <span>· {log.unsealed === 0 ? m.noLag : m.lag(log.unsealed, duration(Math.round(log.lagSeconds)))}</span>
    </>
  );
}

function Problems({ log, isDamaged }: { readonly log: NonNullable<AuditStatus['log']>; readonly isDamaged: boolean }): ReactNode {
  const m = useMessages().audit.standing;
  const findings = log.verified?.findings ?? [];
  return (
    <>
      {log.problem !== null && (
        <Note tone="bad" icon={ShieldAlert}>
          <strong>{m.stopped}</strong>: {log.problem}
        </Note>
      )}
      {(isDamaged || findings.length > 0) && (
        <Note tone="bad" icon={ShieldAlert}>
          <p className="font-medium">{m.damaged}</p>
          <ul className="my-1 list-disc pl-5">
            {findings.map(({ kind, message }) => (
              <li key={message}>
                <strong>{m.findings[kind] ?? kind}</strong>: {message}
              </li>
            ))}
          </ul>
          <p className="mb-1.5">{m.damagedText}</p>
          <Code text={m.command} label={m.command} />
        </Note>
      )}
    </>
  );
}
