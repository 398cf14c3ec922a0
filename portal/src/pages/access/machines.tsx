import { Bot } from 'lucide-react';
import type { ReactNode } from 'react';
import { usePages } from '../../api/pages.ts';
import { useMessages } from '../../messages/index.tsx';
import { Panel } from '../../ui/page.tsx';
import { EmptyState } from '../../ui/states.tsx';
import { TeamName } from '../company/names.tsx';
import { useMyMachines } from './my-machines.ts';
import { tokenState } from './token-words.ts';

/** What acts without a person, of my teams. */
export function Machines(): ReactNode {
  const m = useMessages().access.machines;
  const machines = useMyMachines();
  const { items } = usePages('tokens.list', { query: { limit: 100 } });
  const tokensOf = (machine: string): number =>
    items.filter((token) => token.principal.id === `machine:${machine}` && tokenState(token) === 'active').length;
  return (
    <Panel flush title={m.title}>
      <p className="border-b border-line px-4 py-1.5 text-xs text-faint">{m.about}</p>
      {machines.length === 0 ? (
        <EmptyState icon={Bot} title={m.none}>
          {m.noneText}
        </EmptyState>
      ) : (
        <ul>
          {machines.map(({ machine, team }) => (
            <li
              key={machine}
              className="flex flex-wrap items-center gap-x-3 border-b border-line px-4 py-2 text-sm last:border-b-0"
            >
              <span className="font-medium">{machine}</span>
              <span className="text-faint">
                {m.team} <TeamName name={team} />
              </span>
              <span className="ml-auto text-xs text-faint">{m.tokens(tokensOf(machine))}</span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
