import { type ReactNode, useMemo, useState } from 'react';
import { useMessages } from '../messages/index.tsx';
import { Field, Select } from '../ui/field.tsx';
import { type NodeProps, useFormContext } from './context.ts';
import { Group } from './leaf.tsx';
import type { Described } from './shape.ts';
import { carriedOver, variantOf } from './variant.ts';

/** One of several shapes: which, and then its own fields. */
export function UnionField({ node, described }: { readonly node: NodeProps; readonly described: Described }): ReactNode {
  const m = useMessages().forms;
  const { form, Node } = useFormContext();
  const { shape } = described;
  const variants = shape.kind === 'union' ? shape.variants : [];
  const [picked, setPicked] = useState<{ index: number; value: unknown }>();
  const guessed = useMemo(() => variantOf(node.value, variants, form.schema), [node.value, variants, form.schema]);
  const index = picked !== undefined && picked.value === node.value ? picked.index : guessed;
  const variant = index === undefined ? undefined : variants[index];
  const change = (at: number, value: unknown): void => {
    setPicked({ index: at, value });
    node.onChange(value);
  };
  const items = variants.map(({ label }, at) => ({ value: String(at), label }));
  return (
    <Group node={node} described={described}>
      <Field label={m.kind}>
        <Select
          items={node.required ? items : [{ value: '', label: m.notSet }, ...items]}
          value={index === undefined ? (node.required ? null : '') : String(index)}
          {...(node.required && { placeholder: m.chooseOne })}
          onChange={(text) => {
            const chosen = variants[Number(text)];
            if (text === '' || chosen === undefined) node.onChange(undefined);
            else change(Number(text), carriedOver(node.value, chosen.schema, form.schema));
          }}
        />
      </Field>
      {variant !== undefined && index !== undefined && (
        <Node
          key={index}
          schema={variant.schema}
          value={node.value}
          onChange={(value) => change(index, value)}
          pointer={node.pointer}
          label={m.value}
          required
          bare
        />
      )}
    </Group>
  );
}
