import { type ErrorComponentProps, Link } from '@tanstack/react-router';
import { SearchX } from 'lucide-react';
import type { ReactNode } from 'react';
import { asProblem } from '../api/gateway.ts';
import { useMessages } from '../messages/index.tsx';
import { EmptyState, ErrorState } from '../ui/states.tsx';

/** A page that could not be drawn says why, and what to do; the shell around it stays. */
export function PageFailed({ error, reset }: ErrorComponentProps): ReactNode {
  return <ErrorState error={asProblem(error)} onRetry={reset} />;
}

export function NotFound(): ReactNode {
  const m = useMessages();
  return (
    <EmptyState icon={SearchX} title={m.shell.notFound.title}>
      {m.shell.notFound.text}{' '}
      <Link to="/" className="text-accent underline">
        {m.shell.notFound.home}
      </Link>
    </EmptyState>
  );
}
