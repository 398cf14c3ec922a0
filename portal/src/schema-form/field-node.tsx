import { Plus } from 'lucide-react';
import type { ReactNode } from 'react';
import { useMessages } from '../messages/index.tsx';
import { Button } from '../ui/button.tsx';
import { BooleanField, ChoiceField, ConstantField } from './choice-field.tsx';
import { type NodeProps, useFormContext } from './context.ts';
import { JsonField } from './json-field.tsx';
import { Group } from './leaf.tsx';
import { ListField, TupleField } from './list-field.tsx';
import { OptionsField } from './options-field.tsx';
import { RecordField } from './record-field.tsx';
import { isSchema } from './schema.ts';
import { type Described, describedBy, type Member, wordsOf } from './shape.ts';
import { NumberField, TextField } from './text-field.tsx';
import { UnionField } from './union-field.tsx';
import { initialValue, step, Unread } from './value.ts';

/** One value of a form, drawn by the shape that its schema asks for. */
export function FieldNode({ bare = false, ...node }: NodeProps & { readonly bare?: boolean }): ReactNode {
  const { form, live } = useFormContext();
  const described = describedBy(node.schema, form.schema);
  const isOpen = node.value instanceof Unread ? 'text' : kindOf(node.value);
  const props = { node, described };
  // What is there already, and is of another kind than the schema asks for, is shown as what it is.
  if (isOpen === 'object' && ['text', 'number', 'boolean', 'choice'].includes(described.shape.kind))
    return <JsonField {...props} />;
  if (live?.fields.some((field) => node.pointer === `/${field}`) && ['text', 'number'].includes(described.shape.kind))
    return <OptionsField {...props} live={live} />;
  switch (described.shape.kind) {
    case 'text':
      return <TextField {...props} />;
    case 'number':
      return <NumberField {...props} />;
    case 'boolean':
      return <BooleanField {...props} />;
    case 'choice':
      return <ChoiceField {...props} />;
    case 'constant':
      return <ConstantField {...props} />;
    case 'list':
      return <ListField {...props} />;
    case 'tuple':
      return <TupleField {...props} />;
    case 'record':
      return <RecordField {...props} />;
    case 'union':
      return <UnionField {...props} />;
    case 'object':
      return <ObjectField {...props} bare={bare} />;
    case 'json':
      return <JsonField {...props} />;
  }
}

const kindOf = (value: unknown): string => (value !== null && typeof value === 'object' ? 'object' : 'plain');

/** Several fields that belong together. One that may be left out is put in, and taken out, as a whole. */
function ObjectField({
  node,
  described,
  bare,
}: {
  readonly node: NodeProps;
  readonly described: Described;
  readonly bare: boolean;
}): ReactNode {
  const m = useMessages().forms;
  const { form } = useFormContext();
  const { shape } = described;
  if (shape.kind !== 'object') return null;
  // Which of several shapes it is has been chosen: what only says that again is left out.
  const isTag = ({ schema, required }: Member): boolean => required && describedBy(schema, form.schema).shape.kind === 'constant';
  if (bare)
    return (
      <Members node={node} members={shape.members.filter((one) => !isTag(one))} named={shape.members} others={shape.others} />
    );
  const label = described.title ?? node.label;
  if (node.value === undefined && !node.required)
    return (
      <div data-field={node.pointer}>
        <Button
          size="sm"
          icon={Plus}
          onClick={() => node.onChange(initialValue({ ...described.schema, default: undefined }, form.schema))}
        >
          {m.set(label)}
        </Button>
        {described.about !== undefined && <p className="mt-1 text-xs text-faint">{described.about}</p>}
      </div>
    );
  return (
    <Group
      node={node}
      described={described}
      actions={
        !node.required && (
          <Button size="sm" look="quiet" onClick={() => node.onChange(undefined)}>
            {m.takeOut(label)}
          </Button>
        )
      }
    >
      {node.value !== null && <Members node={node} members={shape.members} others={shape.others} />}
    </Group>
  );
}

/** The fields of an object, in the order in which its author wrote them. */
export function Members({
  node,
  members,
  named = members,
  others,
}: {
  readonly node: Pick<NodeProps, 'value' | 'onChange' | 'pointer'>;
  readonly members: readonly Member[];
  /** Those that the schema names, also when not all of them are drawn. */
  readonly named?: readonly Member[];
  readonly others: unknown;
}): ReactNode {
  const m = useMessages().forms;
  const value = isSchema(node.value) && !(node.value instanceof Unread) ? node.value : {};
  const names = new Set(named.map(({ name }) => name));
  const rest = Object.fromEntries(Object.entries(value).filter(([name]) => !names.has(name)));
  const set = (name: string, next: unknown): void => {
    const { [name]: _, ...others } = value;
    node.onChange(next === undefined ? others : { ...value, [name]: next });
  };
  return (
    <>
      {members.map(({ name, schema, required }) => (
        <FieldNode
          key={name}
          schema={schema}
          value={value[name]}
          onChange={(next) => set(name, next)}
          pointer={step(node.pointer, name)}
          label={wordsOf(name)}
          required={required}
        />
      ))}
      {others !== undefined && (
        <RecordField
          node={{
            schema: others,
            value: rest,
            onChange: (next) =>
              node.onChange({
                ...Object.fromEntries(Object.entries(value).filter(([name]) => names.has(name))),
                ...(isSchema(next) && !(next instanceof Unread) ? next : {}),
              }),
            pointer: node.pointer,
            label: m.others,
            required: true,
          }}
          described={othersOf(others)}
        />
      )}
    </>
  );
}

const describedOthers = new WeakMap<object, Described>();

function othersOf(schema: unknown): Described {
  const key = isSchema(schema) ? schema : {};
  const made = describedOthers.get(key) ?? {
    shape: { kind: 'record', value: schema, names: undefined } as const,
    schema: key,
    nullable: false,
    title: undefined,
    about: undefined,
    fallback: undefined,
    examples: [],
    secret: false,
    deprecated: false,
    readOnly: false,
  };
  describedOthers.set(key, made);
  return made;
}
