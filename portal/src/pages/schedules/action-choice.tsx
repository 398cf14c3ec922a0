import { Combobox } from '@base-ui/react/combobox';
import type { ResponseOf } from '@guichet/client';
import { type ReactNode, useMemo } from 'react';
import { useMessages } from '../../messages/index.tsx';
import { controlClass, Field } from '../../ui/field.tsx';

type Action = ResponseOf<'actions.list'>['items'][number];
interface Choice {
  readonly value: string;
  readonly label: string;
}

/** More fit no screen; typing finds the others. */
const MOST_SHOWN = 60;

/** One action of the catalogue, found by letters of its title or id. */
export function ActionChoice({
  actions,
  value,
  onChange,
}: {
  readonly actions: readonly Action[];
  readonly value: string | undefined;
  readonly onChange: (id: string) => void;
}): ReactNode {
  const m = useMessages().schedules.form;
  const items = useMemo(
    () =>
      actions
        .map(({ id, title }): Choice => ({ value: id, label: `${title} · ${id}` }))
        .sort((a, b) => a.value.localeCompare(b.value)),
    [actions],
  );
  return (
    <Field label={m.action} required>
      <Combobox.Root
        items={items}
        limit={MOST_SHOWN}
        value={items.find((item) => item.value === value) ?? null}
        onValueChange={(chosen) => chosen !== null && onChange(chosen.value)}
      >
        <Combobox.Input placeholder={m.chooseAction} className={`${controlClass} h-8`} />
        <Combobox.Portal>
          <Combobox.Positioner sideOffset={4} className="z-50 outline-none">
            <Combobox.Popup className="max-h-[min(22rem,var(--available-height))] w-(--anchor-width) overflow-y-auto rounded-lg border border-line bg-raised p-1 text-sm shadow-pop outline-none">
              <Combobox.Empty className="px-2 py-1.5 text-faint empty:hidden">{m.noAction}</Combobox.Empty>
              <Combobox.List>
                {(choice: Choice) => (
                  <Combobox.Item
                    key={choice.value}
                    value={choice}
                    className="cursor-pointer rounded-md px-2 py-1 outline-none data-highlighted:bg-hover data-selected:text-accent"
                  >
                    {choice.label}
                  </Combobox.Item>
                )}
              </Combobox.List>
            </Combobox.Popup>
          </Combobox.Positioner>
        </Combobox.Portal>
      </Combobox.Root>
    </Field>
  );
}
