import { Plus, X } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { useMessages } from '../messages/index.tsx';
import { Button, IconButton } from '../ui/button.tsx';
import { Field, Select, TextInput } from '../ui/field.tsx';
import { type NodeProps, useFormContext } from './context.ts';
import { Group } from './leaf.tsx';
import { isSchema } from './schema.ts';
import type { Described } from './shape.ts';
import { initialValue, step, Unread } from './value.ts';

interface Row {
  readonly key: number;
  readonly name: string;
  readonly value: unknown;
}

/** Names that the reader gives, each with a value. */
export function RecordField({ node, described }: { readonly node: NodeProps; readonly described: Described }): ReactNode {
  const m = useMessages().forms;
  const { form, Node } = useFormContext();
  const { shape } = described;
  const [kept, setKept] = useState<{ rows: readonly Row[]; value: unknown; next: number }>({
    rows: [],
    value: undefined,
    next: 0,
  });
  if (shape.kind !== 'record') return null;
  // Something else has filled it in: an example, the JSON of the whole form.
  const rows = kept.value === node.value && (kept.rows.length > 0 || node.value === undefined) ? kept.rows : rowsOf(node.value);
  const change = (next: readonly Row[], isNew = false): void => {
    const value = recordOf(next, node.required);
    setKept({ rows: next, value, next: Math.max(kept.next, rows.length) + (isNew ? 1 : 0) });
    node.onChange(value);
  };
  const replace = (row: Row, by: Partial<Row>): void => change(rows.map((own) => (own === row ? { ...own, ...by } : own)));
  return (
    <Group node={node} described={described}>
      {rows.length === 0 && <p className="text-sm text-faint">{m.none}</p>}
      {rows.map((row, index) => (
        <div key={row.key} className="flex items-start gap-2 max-sm:flex-wrap">
          <Field label={m.name} className="w-44 shrink-0 max-sm:w-full">
            {shape.names === undefined ? (
              <TextInput
                value={row.name}
                autoComplete="off"
                spellCheck={false}
                className="font-mono"
                onChange={(event) => replace(row, { name: event.target.value })}
              />
            ) : (
              <Select
                items={shape.names.map((name) => ({ value: name, label: name }))}
                value={row.name === '' ? null : row.name}
                placeholder={m.chooseOne}
                onChange={(name) => replace(row, { name })}
              />
            )}
          </Field>
          <div className="min-w-0 flex-1">
            <Node
              schema={shape.value}
              value={row.value}
              onChange={(value) => replace(row, { value })}
              pointer={step(node.pointer, row.name)}
              label={m.value}
              required
              isEntry
            />
          </div>
          <IconButton
            size="sm"
            icon={X}
            className="mt-6"
            label={m.remove(index + 1)}
            onClick={() => change(rows.filter((own) => own !== row))}
          />
        </div>
      ))}
      <div>
        <Button
          size="sm"
          icon={Plus}
          onClick={() => {
            const key = Math.max(kept.next, ...rows.map((row) => row.key + 1), 0);
            change([...rows, { key, name: '', value: initialValue(shape.value, form.schema) }], true);
          }}
        >
          {m.add}
        </Button>
      </div>
    </Group>
  );
}

function rowsOf(value: unknown): Row[] {
  if (!isSchema(value) || value instanceof Unread) return [];
  return Object.entries(value).map(([name, member], key) => ({ key, name, value: member }));
}

function recordOf(rows: readonly Row[], required: boolean): unknown {
  const names = rows.map(({ name }) => name);
  if (names.includes('') || new Set(names).size < names.length) return new Unread(names.join(', '), 'names');
  if (rows.length === 0 && !required) return undefined;
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
}
