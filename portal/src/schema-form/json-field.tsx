import { type ReactNode, useState } from 'react';
import { useMessages } from '../messages/index.tsx';
import { TextArea } from '../ui/field.tsx';
import type { NodeProps } from './context.ts';
import { Leaf } from './leaf.tsx';
import type { Described } from './shape.ts';
import { Unread } from './value.ts';

/** What no form can be drawn for: typed as JSON. */
export function JsonField({ node, described }: { readonly node: NodeProps; readonly described: Described }): ReactNode {
  const m = useMessages().forms;
  const { value } = node;
  const [typed, setTyped] = useState({ text: '', value: undefined as unknown });
  const text = typed.value === value ? typed.text : textOf(value);
  return (
    <Leaf node={node} described={described} more={m.jsonAbout}>
      <TextArea
        className="font-mono"
        spellCheck={false}
        value={text}
        onChange={(event) => {
          const next = readJson(event.target.value);
          setTyped({ text: event.target.value, value: next });
          node.onChange(next);
        }}
      />
    </Leaf>
  );
}

const textOf = (value: unknown): string =>
  value instanceof Unread ? value.text : value === undefined ? '' : JSON.stringify(value, null, 2);

function readJson(text: string): unknown {
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return new Unread(text, 'json');
  }
}
