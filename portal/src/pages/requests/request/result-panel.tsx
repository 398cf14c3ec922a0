import type { Output, Request } from '@guichet/contract';
import { lazy, type ReactNode, Suspense } from 'react';
import { useMessages } from '../../../messages/index.tsx';
import { Panel } from '../../../ui/page.tsx';
import { Skeleton } from '../../../ui/states.tsx';

/** What draws outputs is loaded when there is one. */
const OutputView = lazy(async () => ({ default: (await import('../../../outputs/output-view.tsx')).OutputView }));

/** What the run has given back. */
export function ResultPanel({ request, output }: { readonly request: Request; readonly output: Output }): ReactNode {
  const m = useMessages().request;
  return (
    <Panel title={m.result.title} flush>
      <Suspense fallback={<Skeleton rows={3} />}>
        <OutputView output={output} name={request.action} {...(request.allowed.includes('connect') && { request: request.id })} />
      </Suspense>
    </Panel>
  );
}
