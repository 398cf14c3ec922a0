import type { UseQueryResult } from '@tanstack/react-query';
import { WifiOff } from 'lucide-react';
import type { ReactNode } from 'react';
import { asProblem } from '../api/gateway.ts';
import { useMessages } from '../messages/index.tsx';
import { Button } from './button.tsx';
import { ErrorState, Note, Skeleton } from './states.tsx';

/**
 * What was asked for: rows of nothing while it comes, the error with its remedy when it does not. What was there before
 * stays when it cannot be renewed, and a note says that it is old.
 */
export function Loaded<Data>({
  query,
  skeleton = <Skeleton />,
  children,
}: {
  readonly query: UseQueryResult<Data, Error>;
  readonly skeleton?: ReactNode;
  readonly children: (data: NoInfer<Data>) => ReactNode;
}): ReactNode {
  const m = useMessages();
  const retry = (): void => void query.refetch();
  if (query.data === undefined) return query.isError ? <ErrorState error={asProblem(query.error)} onRetry={retry} /> : skeleton;
  return (
    <>
      {query.isError && (
        <div className="p-3" role="status">
          <Note tone="warn" icon={WifiOff}>
            {m.ui.stale(asProblem(query.error).message)}{' '}
            <Button size="sm" onClick={retry} busy={query.isFetching}>
              {m.ui.tryAgain}
            </Button>
          </Note>
        </div>
      )}
      {children(query.data)}
    </>
  );
}
