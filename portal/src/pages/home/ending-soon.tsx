import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { asked } from '../../api/gateway.ts';
import { useMessages } from '../../messages/index.tsx';
import { Panel } from '../../ui/page.tsx';
import { LastingRow, soonestFirst } from '../access/lasting.tsx';
import { PanelLink } from './panel-link.tsx';

const MOST = 5;

/** What I asked for that is undone by itself. Nothing is drawn when there is nothing. */
export function EndingSoon(): ReactNode {
  const m = useMessages().home.lasting;
  const { data } = useQuery(asked('requests.list', { query: { requester: 'me', undo: 'scheduled', limit: 50 } }));
  if (data === undefined || data.items.length === 0) return null;
  return (
    <Panel flush title={m.title} actions={<PanelLink link={{ to: '/access' }}>{m.all}</PanelLink>}>
      <ul>
        {soonestFirst(data.items)
          .slice(0, MOST)
          .map((row) => (
            <LastingRow key={row.id} row={row} />
          ))}
      </ul>
    </Panel>
  );
}
