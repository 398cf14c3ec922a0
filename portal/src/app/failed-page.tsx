import { type ErrorComponentProps, Link } from '@tanstack/react-router';
import { SearchX } from 'lucide-react';
import type { ReactNode } from 'react';
import { asProblem } from '../api/gateway.ts';
import { useMessages } from '../messages/index.tsx';
import { Page } from '../ui/page.tsx';
import { EmptyState, ErrorState } from '../ui/states.tsx';

/** A page that could not be drawn says why, and what to do; the shell around it stays. */
export function PageFailed({ error, reset }: ErrorComponentProps): ReactNode {
  const problem = asProblem(error);
  if (problem.code.startsWith('token.')) return null; // the browser is on its way to sign in
  return <ErrorState error={problem} onRetry={reset} />;
}

export function NotFound(): ReactNode {
  const m = useMessages();
  return (
    <Page title={m.shell.notFound.title}>
      <EmptyState icon={SearchX} title={m.shell.notFound.text}>
        <Link to="/" className="text-accent underline">
          {m.shell.notFound.home}
        </Link>
      </EmptyState>
    </Page>
  );
}
