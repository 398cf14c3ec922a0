import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useMessages } from '../../../messages/index.tsx';
import { Panel } from '../../../ui/page.tsx';

/** The way from a request to what the audit log has of it, where each event can be proved. */
export function AuditPanel({ request }: { readonly request: string }): ReactNode {
  const m = useMessages().request.audit;
  return (
    <Panel title={m.title}>
      <p className="text-sm text-soft">{m.about}</p>
      <Link to="/audit" search={{ request }} className="text-sm font-medium text-accent hover:underline">
        {m.open}
      </Link>
    </Panel>
  );
}
