import type { Output, Request } from '@guichet/contract';
import type { ReactNode } from 'react';
import { useMessages } from '../../../messages/index.tsx';
import { Code } from '../../../ui/copy.tsx';
import { Panel } from '../../../ui/page.tsx';

/** What the run has given back. */
export function ResultPanel({ request, output }: { readonly request: Request; readonly output: Output }): ReactNode {
  const m = useMessages().request;
  return (
    <Panel title={output.title ?? m.result.title}>
      <Code label={m.result.title} text={JSON.stringify(output, null, 2)} />
      {request.allowed.includes('connect') && (
        <div className="mt-3">
          <p className="pb-1 text-sm text-soft">{m.connect.about}</p>
          <Code label={m.connect.title} text={`guichet requests connect ${request.id}`} />
        </div>
      )}
    </Panel>
  );
}
