import { useQuery } from '@tanstack/react-query';
import { Link, useMatchRoute } from '@tanstack/react-router';
import { TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { asked } from '../../api/gateway.ts';
import { useMessages } from '../../messages/index.tsx';
import { Note } from '../../ui/states.tsx';
import { Time } from '../../ui/time.tsx';

/** Said over every page that shows the company while its files, as they are now, do not count. */
export function CompanyProblem(): ReactNode {
  const m = useMessages().company.files;
  const isOnPage = useMatchRoute()({ to: '/company' }) !== false;
  const { data } = useQuery({ ...asked('company.show'), staleTime: 30_000 });
  if (!data?.problem) return null;
  return (
    <Note tone="warn" icon={TriangleAlert}>
      {m.refused} {m.refusedAt} <Time at={data.problem.at} />, {m.findings(data.problem.findings.length)}.{' '}
      {!isOnPage && (
        <Link to="/company" className="font-medium text-accent underline">
          {m.show}
        </Link>
      )}
    </Note>
  );
}
