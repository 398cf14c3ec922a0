import { type ReactNode, useState } from 'react';
import { useMessages } from '../messages/index.tsx';
import { CodeEditor } from '../ui/code-editor.tsx';
import { type NodeProps, useFormContext } from './context.ts';
import { Framed } from './leaf.tsx';
import type { Described } from './shape.ts';
import { Unread } from './value.ts';

/** What no form can be drawn for: typed as JSON. */
export function JsonField({ node, described }: { readonly node: NodeProps; readonly described: Described }): ReactNode {
  const m = useMessages().forms;
  const { form } = useFormContext();
  const { value } = node;
  const [typed, setTyped] = useState({ text: '', value: undefined as unknown });
  const text = typed.value === value ? typed.text : textOf(value);
  return (
    <Framed node={node} described={described} more={m.jsonAbout}>
      <CodeEditor
        label={described.title ?? node.label}
        language="json"
        minLines={3}
        value={text}
        onBlur={() => form.touch(node.pointer)}
        invalid={form.told(node.pointer).length > 0}
        onChange={(next) => {
          const value = readJson(next);
          setTyped({ text: next, value });
          node.onChange(value);
        }}
      />
    </Framed>
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
