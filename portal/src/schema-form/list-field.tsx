import { ArrowDown, ArrowUp, Plus, X } from 'lucide-react';
import { type ReactNode, useRef, useState } from 'react';
import { useMessages } from '../messages/index.tsx';
import { Button, IconButton } from '../ui/button.tsx';
import { type NodeProps, useFormContext } from './context.ts';
import { Group } from './leaf.tsx';
import type { Described } from './shape.ts';
import { initialValue, step } from './value.ts';

interface Props {
  readonly node: NodeProps;
  readonly described: Described;
}

/** Any number of the same: entries are added, taken out and put in order, all of it by keys too. */
export function ListField({ node, described }: Props): ReactNode {
  const m = useMessages().forms;
  const { form, Node } = useFormContext();
  const [said, setSaid] = useState('');
  const holder = useRef<HTMLOListElement>(null);
  const { shape } = described;
  const values: readonly unknown[] = Array.isArray(node.value) ? node.value : [];
  const keys = useKeys(values.length);
  if (shape.kind !== 'list') return null;
  const { most } = shape;
  const change = (next: readonly unknown[]): void => node.onChange(next.length === 0 && !node.required ? undefined : next);
  const focus = (index: number, part: string): void => {
    requestAnimationFrame(() =>
      holder.current?.querySelector<HTMLElement>(`:scope > li:nth-child(${index + 1}) ${part}`)?.focus(),
    );
  };
  const move = (from: number, to: number): void => {
    keys.move(from, to);
    change(values.with(from, values[to]).with(to, values[from]));
    setSaid(m.moved(from + 1, to + 1));
    focus(to, to < from ? '[data-do=up]' : '[data-do=down]');
  };
  const remove = (index: number): void => {
    keys.remove(index);
    change(values.toSpliced(index, 1));
    setSaid(m.removed(index + 1));
    focus(Math.max(0, index - 1), '[data-do=remove]');
  };
  return (
    <Group node={node} described={described}>
      {values.length === 0 && <p className="text-sm text-faint">{m.none}</p>}
      <ol ref={holder} className="flex flex-col gap-2">
        {values.map((value, index) => (
          <li key={keys.list[index]} className="flex items-start gap-1">
            <div className="min-w-0 flex-1">
              <Node
                schema={shape.item}
                value={value}
                onChange={(next) => change(values.with(index, next))}
                pointer={step(node.pointer, index)}
                label={m.entry(index + 1)}
                required
                isEntry
              />
            </div>
            <div className="flex pt-6">
              <IconButton
                size="sm"
                icon={ArrowUp}
                label={m.up(index + 1)}
                data-do="up"
                aria-disabled={index === 0}
                onClick={() => index > 0 && move(index, index - 1)}
              />
              <IconButton
                size="sm"
                icon={ArrowDown}
                label={m.down(index + 1)}
                data-do="down"
                aria-disabled={index === values.length - 1}
                onClick={() => index < values.length - 1 && move(index, index + 1)}
              />
              <IconButton size="sm" icon={X} label={m.remove(index + 1)} data-do="remove" onClick={() => remove(index)} />
            </div>
          </li>
        ))}
      </ol>
      <div>
        <Button
          size="sm"
          icon={Plus}
          disabled={values.length >= most}
          onClick={() => {
            change([...values, initialValue(shape.item, form.schema)]);
            focus(values.length, ':is(input, textarea, button)');
          }}
        >
          {m.add}
        </Button>
      </div>
      <span role="status" className="sr-only">
        {said}
      </span>
    </Group>
  );
}

/** Entries that each have a shape of their own, and maybe more of one shape after them. */
export function TupleField({ node, described }: Props): ReactNode {
  const m = useMessages().forms;
  const { form, Node } = useFormContext();
  const { shape } = described;
  if (shape.kind !== 'tuple') return null;
  const values: readonly unknown[] = Array.isArray(node.value) ? node.value : [];
  const count = Math.max(values.length, shape.items.length);
  const set = (index: number, value: unknown): void => {
    const next = Array.from({ length: count }, (_, at) => (at === index ? value : values[at]));
    node.onChange(next.every((one) => one === undefined) && !node.required ? undefined : next);
  };
  return (
    <Group node={node} described={described}>
      {Array.from({ length: count }, (_, index) => {
        const isExtra = index >= shape.items.length;
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: in a tuple the place is the name
          <div key={index} className="flex items-start gap-1">
            <div className="min-w-0 flex-1">
              <Node
                schema={isExtra ? shape.rest : shape.items[index]}
                value={values[index]}
                onChange={(value) => set(index, value)}
                pointer={step(node.pointer, index)}
                label={m.entry(index + 1)}
                required
                isEntry
              />
            </div>
            {isExtra && (
              <IconButton
                size="sm"
                icon={X}
                className="mt-6"
                label={m.remove(index + 1)}
                onClick={() => node.onChange(values.toSpliced(index, 1))}
              />
            )}
          </div>
        );
      })}
      {shape.rest !== undefined && (
        <div>
          <Button
            size="sm"
            icon={Plus}
            disabled={count >= shape.most}
            onClick={() => set(count, initialValue(shape.rest, form.schema))}
          >
            {m.add}
          </Button>
        </div>
      )}
    </Group>
  );
}

/** Names for entries that have none, so that what was typed into one stays with it when they move. */
function useKeys(length: number) {
  const state = useRef({ next: 0, list: [] as number[] });
  const { current } = state;
  while (current.list.length < length) current.list.push(current.next++);
  current.list.length = length;
  return {
    list: current.list,
    move(from: number, to: number): void {
      const [key = 0] = current.list.splice(from, 1);
      current.list.splice(to, 0, key);
    },
    remove(index: number): void {
      current.list.splice(index, 1);
    },
  };
}
