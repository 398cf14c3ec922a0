import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { asked } from '../../api/gateway.ts';
import { useMessages } from '../../messages/index.tsx';
import { Panel } from '../../ui/page.tsx';
import { useKeptActions } from '../actions/kept-actions.ts';
import { ActionName } from '../company/names.tsx';
import { PanelLink } from './panel-link.tsx';

const MOST_RECENT = 8;

/** The actions that I starred, and those that I used last, in this browser. */
export function AtHand(): ReactNode {
  const m = useMessages().home.actions;
  const { favourites, recent } = useKeptActions();
  const others = recent.filter((id) => !favourites.includes(id)).slice(0, MOST_RECENT);
  return (
    <Panel flush title={m.title} actions={<PanelLink link={{ to: '/actions' }}>{m.all}</PanelLink>}>
      {favourites.length + others.length === 0 ? (
        <p className="px-4 py-3 text-sm text-soft">{m.none}</p>
      ) : (
        <>
          <Names title={m.favourites} ids={favourites} />
          <Names title={m.recent} ids={others} />
        </>
      )}
    </Panel>
  );
}

function Names({ title, ids }: { readonly title: string; readonly ids: readonly string[] }): ReactNode {
  const m = useMessages().home.actions;
  const catalogue = useQuery({ ...asked('actions.list'), staleTime: 60_000 });
  if (ids.length === 0) return null;
  const known = new Map(catalogue.data?.items.map((action) => [action.id, action]));
  return (
    <div className="border-b border-line py-2 last:border-b-0">
      <h3 className="px-4 pb-1 text-xs font-medium text-faint">{title}</h3>
      <ul className="flex flex-wrap gap-1.5 px-4">
        {ids.map((id) => (
          <li key={id} className="max-w-full">
            {catalogue.data !== undefined && !known.has(id) ? (
              <span className="text-xs text-faint">
                {id} ({m.gone})
              </span>
            ) : (
              <ActionName
                id={id}
                className="flex h-7 max-w-full items-center rounded-md border border-line bg-page px-2 text-sm hover:border-line-strong hover:bg-hover"
              >
                <span className="truncate">{known.get(id)?.title ?? id}</span>
              </ActionName>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}
