import type { ResponseOf } from '@guichet/client';
import { type ReactNode, useState } from 'react';
import { useMessages } from '../../messages/index.tsx';
import { Button } from '../../ui/button.tsx';
import { RiskBadge } from '../requests/risk-badge.tsx';
import { ActionName } from './names.tsx';

type Action = Pick<ResponseOf<'actions.list'>['items'][number], 'id' | 'title' | 'kind' | 'risk'>;

const FIRST = 12;

/** Some actions, one line each. */
export function ActionRows({ actions, none }: { readonly actions: readonly Action[]; readonly none: ReactNode }): ReactNode {
  const m = useMessages();
  const [isWhole, setWhole] = useState(false);
  if (actions.length === 0) return <p className="px-4 py-3 text-sm text-soft">{none}</p>;
  return (
    <>
      <ul>
        {(isWhole ? actions : actions.slice(0, FIRST)).map(({ id, title, kind, risk }) => (
          <li
            key={id}
            className="flex items-center gap-3 border-b border-line px-4 py-1.5 text-sm last:border-b-0 hover:bg-hover"
          >
            <ActionName id={id} className="min-w-0 shrink truncate font-medium hover:text-accent">
              {title}
            </ActionName>
            <span className="min-w-0 flex-1 truncate font-mono text-xs text-faint max-sm:hidden">{id}</span>
            {kind === 'write' && <RiskBadge risk={risk} />}
          </li>
        ))}
      </ul>
      {actions.length > FIRST && !isWhole && (
        <div className="border-t border-line px-2 py-1.5">
          <Button look="quiet" size="sm" onClick={() => setWhole(true)}>
            {m.company.service.more(actions.length - FIRST)}
          </Button>
        </div>
      )}
    </>
  );
}
