import { Autocomplete } from '@base-ui/react/autocomplete';
import type { Choice } from '@guichet/contract';
import { useQuery } from '@tanstack/react-query';
import clsx from 'clsx';
import { ChevronsUpDown } from 'lucide-react';
import { type ReactNode, useEffect, useState } from 'react';
import { asProblem } from '../api/gateway.ts';
import { useMessages } from '../messages/index.tsx';
import { controlClass, TextInput } from '../ui/field.tsx';
import { type LiveOptions, type NodeProps, useFormContext } from './context.ts';
import { Leaf, shown } from './leaf.tsx';
import type { Described } from './shape.ts';
import { Unread } from './value.ts';

/** A pause in typing after which choices are asked for. */
const PAUSE_MS = 150;

/** A field whose choices are asked for while one types. What is not among them may be typed all the same. */
export function OptionsField({
  node,
  described,
  live,
}: {
  readonly node: NodeProps;
  readonly described: Described;
  readonly live: LiveOptions;
}): ReactNode {
  const m = useMessages().forms;
  const { form } = useFormContext();
  const [isOpen, setOpen] = useState(false);
  const [query, setQuery] = useState('');
  const paused = usePaused(query);
  const field = node.pointer.slice(1);
  // What others hold decides what there is to choose; what this one holds is the question.
  const { [field]: _, ...others } = form.rest;
  const asked = useQuery({
    queryKey: ['actions.options', live.key, field, others, paused],
    queryFn: ({ signal }) => live.ask({ field, query: paused, input: others, signal }),
    enabled: isOpen,
    placeholderData: (before) => before,
    staleTime: 10_000,
  });
  const isNumber = described.shape.kind === 'number';
  const text = node.value instanceof Unread ? node.value.text : node.value == null ? '' : shown(node.value);
  const choices = asked.data ?? [];
  const change = (typed: string): void => {
    if (typed === '') node.onChange(undefined);
    else if (!isNumber) node.onChange(typed);
    else node.onChange(/^[+-]?\d+(?:\.\d+)?$/.test(typed.trim()) ? Number(typed) : new Unread(typed, 'number'));
  };
  const problem = asked.isError ? asProblem(asked.error) : undefined;
  return (
    <Leaf node={node} described={described}>
      <Autocomplete.Root
        items={choices}
        mode="none"
        value={text}
        open={isOpen}
        openOnInputClick
        itemToStringValue={(choice: Choice) => String(choice.value)}
        disabled={node.value === null}
        onValueChange={(typed, { reason }) => {
          change(typed);
          if (reason === 'input-change') setQuery(typed);
        }}
        onOpenChange={(open) => {
          setOpen(open);
          // What is there already is no question: all is shown until something is typed.
          if (open && !isOpen) setQuery('');
        }}
      >
        <div className="relative">
          <Autocomplete.Input
            render={<TextInput spellCheck={false} />}
            placeholder={described.fallback === undefined ? undefined : shown(described.fallback)}
            className={clsx(controlClass, 'h-8 pr-8')}
          />
          <Autocomplete.Trigger
            aria-label={m.options.open}
            tabIndex={-1}
            className="absolute inset-y-0 right-0 flex w-8 items-center justify-center text-faint"
          >
            <ChevronsUpDown size={13} aria-hidden />
          </Autocomplete.Trigger>
        </div>
        <Autocomplete.Portal>
          <Autocomplete.Positioner sideOffset={4} className="z-50 outline-none">
            <Autocomplete.Popup className="max-h-[min(20rem,var(--available-height))] w-(--anchor-width) min-w-64 overflow-y-auto rounded-lg border border-line bg-raised p-1 text-sm shadow-pop outline-none">
              <Autocomplete.Status className="px-2 py-1 text-xs text-faint empty:hidden">
                {problem !== undefined
                  ? m.options.failed(problem.message)
                  : asked.isFetching && choices.length === 0
                    ? m.options.loading
                    : asked.data !== undefined && choices.length === 0
                      ? m.options.none
                      : null}
              </Autocomplete.Status>
              <Autocomplete.List>
                {(choice: Choice) => (
                  <Autocomplete.Item
                    key={String(choice.value)}
                    value={choice}
                    className="flex cursor-pointer flex-col rounded-md px-2 py-1.5 outline-none data-highlighted:bg-hover"
                  >
                    <span className="flex flex-wrap items-baseline gap-x-2">
                      <span className="font-mono text-xs">{String(choice.value)}</span>
                      {choice.label !== undefined && choice.label !== String(choice.value) && <span>{choice.label}</span>}
                    </span>
                    {choice.detail !== undefined && <span className="text-xs text-faint">{choice.detail}</span>}
                  </Autocomplete.Item>
                )}
              </Autocomplete.List>
            </Autocomplete.Popup>
          </Autocomplete.Positioner>
        </Autocomplete.Portal>
      </Autocomplete.Root>
    </Leaf>
  );
}

/** The text once nobody has typed for a moment. */
function usePaused(text: string): string {
  const [paused, setPaused] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setPaused(text), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return text === '' ? '' : paused;
}
