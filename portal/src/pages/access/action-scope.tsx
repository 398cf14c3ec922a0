import { Combobox } from '@base-ui/react/combobox';
import type { ResponseOf } from '@guichet/client';
import { X } from 'lucide-react';
import { type ReactNode, useMemo, useRef } from 'react';
import { useMessages } from '../../messages/index.tsx';
import { controlClass, Field } from '../../ui/field.tsx';

type Action = Pick<ResponseOf<'actions.list'>['items'][number], 'id' | 'provider'>;

/** More fit no screen; typing finds the others. */
const MOST_SHOWN = 60;

/** Several actions, or all of a provider: what a token is narrowed to. */
export function ActionScope({
  actions,
  value,
  onChange,
}: {
  readonly actions: readonly Action[];
  readonly value: readonly string[];
  readonly onChange: (value: readonly string[]) => void;
}): ReactNode {
  const m = useMessages().access.create;
  const box = useRef<HTMLDivElement>(null);
  const items = useMemo(
    () => [...new Set(actions.map(({ provider }) => `${provider}.*`)), ...actions.map(({ id }) => id)],
    [actions],
  );
  return (
    <Field label={m.actions} about={m.actionsAbout}>
      <Combobox.Root
        items={items}
        multiple
        limit={MOST_SHOWN}
        value={[...value]}
        onValueChange={(chosen, details) => {
          // Escape closes the list; that it also empties the choice would make the token reach everything, unseen.
          if (details.reason === 'escape-key') details.cancel();
          else onChange(chosen);
        }}
      >
        <Combobox.Chips
          ref={box}
          className={`${controlClass} flex min-h-8 flex-wrap items-center gap-1 py-1 focus-within:outline-2 focus-within:outline-accent`}
        >
          {value.map((action) => (
            <Combobox.Chip
              key={action}
              aria-label={action}
              className="flex items-center gap-0.5 rounded-sm bg-accent-tint pl-1.5 font-mono text-xs text-accent data-highlighted:outline-2"
            >
              {action}
              <Combobox.ChipRemove
                aria-label={m.remove(action)}
                className="flex size-6 items-center justify-center rounded-sm hover:bg-hover"
              >
                <X size={12} aria-hidden />
              </Combobox.ChipRemove>
            </Combobox.Chip>
          ))}
          <Combobox.Input
            placeholder={value.length === 0 ? m.actionsPlaceholder : ''}
            className="h-6 min-w-24 flex-1 bg-transparent text-sm outline-none max-md:text-base"
          />
        </Combobox.Chips>
        <Combobox.Portal>
          <Combobox.Positioner anchor={box} sideOffset={4} className="z-50 outline-none">
            <Combobox.Popup className="max-h-[min(20rem,var(--available-height))] w-(--anchor-width) overflow-y-auto rounded-lg border border-line bg-raised p-1 text-sm shadow-pop outline-none">
              <Combobox.Empty className="px-2 py-1.5 text-faint empty:hidden">{m.actionsNone}</Combobox.Empty>
              <Combobox.List>
                {(action: string) => (
                  <Combobox.Item
                    key={action}
                    value={action}
                    className="cursor-pointer rounded-md px-2 py-1 font-mono text-xs outline-none data-highlighted:bg-hover data-selected:text-accent"
                  >
                    {action}
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
