import { Menu } from '@base-ui/react/menu';
import type { RequestState } from '@guichet/contract';
import { Check, ChevronsUpDown } from 'lucide-react';
import type { ReactNode } from 'react';
import { useMessages } from '../../messages/index.tsx';
import { controlClass } from '../../ui/field.tsx';
import { STATES } from './request-filter.ts';

/** Which states are shown: any number of them; none chosen is all. */
export function StateFilter({
  states,
  onChange,
}: {
  readonly states: readonly RequestState[];
  readonly onChange: (states: readonly RequestState[]) => void;
}): ReactNode {
  const { requests: m, ui } = useMessages();
  const [first] = states;
  const shown = first === undefined ? m.filters.any : states.length === 1 ? m.states[first] : m.filters.states(states.length);
  return (
    <Menu.Root>
      <Menu.Trigger className={`${controlClass} flex h-7 w-auto! items-center gap-2 text-xs`}>
        {ui.labelled(m.filters.state, shown)}
        <ChevronsUpDown size={13} aria-hidden className="shrink-0 text-faint" />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner sideOffset={4} align="start" className="z-50 outline-none">
          <Menu.Popup className="max-h-(--available-height) min-w-44 overflow-y-auto rounded-lg border border-line bg-raised p-1 text-sm shadow-pop outline-none">
            {STATES.map((state) => (
              <Menu.CheckboxItem
                key={state}
                checked={states.includes(state)}
                onCheckedChange={(isShown) => onChange(STATES.filter((one) => (one === state ? isShown : states.includes(one))))}
                closeOnClick={false}
                className="flex cursor-pointer items-center gap-2 rounded-md px-2 py-1.5 outline-none data-highlighted:bg-hover"
              >
                <span className="w-3.5">
                  <Menu.CheckboxItemIndicator render={<Check size={14} aria-hidden className="text-accent" />} />
                </span>
                {m.states[state]}
              </Menu.CheckboxItem>
            ))}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}
