import type { Request } from '@guichet/contract';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useMessages } from '../../../messages/index.tsx';
import { Facts } from '../../../ui/facts.tsx';
import { duration } from '../../../ui/format.ts';
import { Panel } from '../../../ui/page.tsx';
import { Time } from '../../../ui/time.tsx';

/** Other requests that this one has to do with. */
export function RelatedPanel({ request }: { readonly request: Request }): ReactNode {
  const m = useMessages().request.related;
  const { undoOf, undoneBy, extensionOf, waitsFor } = request;
  const rows = [
    [m.undoOf, undoOf],
    [m.undoneBy, undoneBy],
    [m.extensionOf, extensionOf],
    [m.waitsFor, waitsFor],
  ] as const;
  if (rows.every(([, id]) => id === null)) return null;
  return (
    <Panel title={m.title}>
      <Facts
        rows={rows.map(
          ([name, id]) =>
            [
              name,
              id === null ? null : (
                <Link
                  key={name}
                  to="/requests/$request"
                  params={{ request: id }}
                  className="font-medium text-accent hover:underline"
                >
                  {id}
                </Link>
              ),
            ] as const,
        )}
      />
    </Panel>
  );
}

/** Of a request for a while: how long, and what becomes of it then. */
export function TemporaryPanel({ temporary }: { readonly temporary: NonNullable<Request['temporary']> }): ReactNode {
  const m = useMessages().request.temporary;
  const { seconds, state, undoAt, message } = temporary;
  return (
    <Panel title={m.title}>
      <p className="text-sm">
        {m[state]}
        {state === 'scheduled' && undoAt !== null && (
          <>
            {' '}
            <Time at={undoAt} className="font-medium" />
          </>
        )}
      </p>
      <p className="text-sm text-soft">
        {m.length} {duration(seconds)}
      </p>
      {message !== null && <p className="mt-1 text-sm break-words text-warn">{message}</p>}
    </Panel>
  );
}
