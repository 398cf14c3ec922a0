import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useMessages } from '../messages/index.tsx';
import { auditStatus, STANDING_LOOKS } from '../pages/audit/standing-look.ts';

/** At the foot of the navigation: whether the record of all that is done here holds. */
export function AuditBadge(): ReactNode {
  const m = useMessages().audit.standing;
  const { data: status } = useQuery(auditStatus);
  if (status === undefined) return null;
  const [Icon, colour] = STANDING_LOOKS[status.state];
  const words = (
    <>
      <Icon size={14} aria-hidden className={`shrink-0 ${colour}`} />
      {m.short[status.state]}
    </>
  );
  const look = 'flex h-8 items-center gap-2 rounded-md px-2 text-xs text-soft';
  // Who may not read the log learns that it holds, and is led nowhere.
  if (status.log === null) return <p className={look}>{words}</p>;
  return (
    <Link
      to="/audit"
      className={`${look} hover:bg-hover hover:text-ink ${status.state === 'damaged' ? 'bg-bad-tint font-medium text-bad' : ''}`}
    >
      {words}
    </Link>
  );
}
