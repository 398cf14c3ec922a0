import type { ReactNode } from 'react';
import { useMessages } from '../messages/index.tsx';
import { Checkbox, Segmented, Select, TextInput } from '../ui/field.tsx';
import { type NodeProps, useFormContext, wordsOfFindings } from './context.ts';
import { Framed, Leaf, shown, useAbout } from './leaf.tsx';
import type { Described } from './shape.ts';

interface Props {
  readonly node: NodeProps;
  readonly described: Described;
}

const NOT_SET = '';

/** One of the values that a schema lists. */
export function ChoiceField({ node, described }: Props): ReactNode {
  const m = useMessages().forms;
  const { shape, fallback } = described;
  if (shape.kind !== 'choice') return null;
  const items = shape.choices.map(({ value, label, about }) => ({ value: JSON.stringify(value), label, about }));
  const withNone = node.required
    ? items
    : [{ value: NOT_SET, label: fallback === undefined ? m.notSet : m.byDefault(shown(fallback)) }, ...items];
  const isSet = node.value !== undefined && node.value !== null;
  return (
    <Leaf node={node} described={described} tellsOnBlur={false}>
      <Select
        items={withNone}
        value={isSet ? JSON.stringify(node.value) : node.required ? null : NOT_SET}
        {...(node.required && { placeholder: m.chooseOne })}
        disabled={node.value === null || described.readOnly}
        // What stands in the items was made by JSON.stringify.
        onChange={(text) => node.onChange(text === NOT_SET ? undefined : JSON.parse(text))}
      />
    </Leaf>
  );
}

/** Yes or no. Where nothing is said by default, nobody's "no" is taken for granted: one of them has to be chosen. */
export function BooleanField({ node, described }: Props): ReactNode {
  const m = useMessages();
  const { form } = useFormContext();
  const about = useAbout({ ...described, fallback: undefined });
  const { fallback, title, nullable } = described;
  const wrong = wordsOfFindings(form.told(node.pointer), m.forms.wrong);
  const label = title ?? node.label;
  if (typeof fallback === 'boolean' && !nullable)
    return (
      <div data-field={node.pointer} className="py-1">
        <Checkbox
          label={label}
          about={about}
          checked={typeof node.value === 'boolean' ? node.value : fallback}
          onChange={node.onChange}
        />
        {wrong !== undefined && <Wrong text={wrong} />}
      </div>
    );
  const items = [
    { value: 'true', label: m.ui.yes },
    { value: 'false', label: m.ui.no },
    ...(nullable ? [{ value: 'null', label: m.ui.none }] : []),
    ...(node.required ? [] : [{ value: '', label: m.forms.notSet }]),
  ];
  return (
    <Framed node={node} described={{ ...described, fallback: undefined }}>
      <div>
        <Segmented
          label={node.required ? `${label}, ${m.ui.required}` : label}
          items={items}
          value={node.value === undefined ? (node.required ? '?' : '') : String(node.value)}
          onChange={(text) => node.onChange(text === '' ? undefined : JSON.parse(text))}
        />
      </div>
    </Framed>
  );
}

function Wrong({ text }: { readonly text: string }): ReactNode {
  return (
    <p role="alert" className="text-xs font-medium text-bad">
      {text}
    </p>
  );
}

/** What can be one thing alone: shown as it is when it must be there, else to be taken or left. */
export function ConstantField({ node, described }: Props): ReactNode {
  const m = useMessages().ui;
  const { shape } = described;
  if (shape.kind !== 'constant') return null;
  if (node.required)
    return (
      <Leaf node={node} described={described}>
        <TextInput value={shown(shape.value)} readOnly className="bg-sunken" />
      </Leaf>
    );
  return (
    <div data-field={node.pointer} className="py-1">
      <Checkbox
        label={m.labelled(described.title ?? node.label, shown(shape.value))}
        about={described.about}
        checked={node.value !== undefined}
        onChange={(isOn) => node.onChange(isOn ? shape.value : undefined)}
      />
    </div>
  );
}
