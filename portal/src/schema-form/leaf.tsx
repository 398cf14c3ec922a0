import type { ReactNode } from 'react';
import { useMessages } from '../messages/index.tsx';
import { Badge } from '../ui/badge.tsx';
import { Checkbox, Field } from '../ui/field.tsx';
import { type NodeProps, useFormContext, wordsOfFindings } from './context.ts';
import type { Described } from './shape.ts';

/** What is said below a field: what it is for, what it is when it is left out, an example. */
export function useAbout({ about, fallback, examples, secret }: Described, more?: ReactNode): ReactNode {
  const m = useMessages().forms;
  const example = examples[0];
  const parts = [
    about,
    fallback !== undefined && typeof fallback !== 'object' && m.byDefault(shown(fallback)),
    fallback === undefined && example !== undefined && m.example(shown(example)),
    secret && m.secretAbout,
    more,
  ].filter((part) => part !== undefined && part !== false && part !== '');
  if (parts.length === 0) return undefined;
  return (
    <span className="flex flex-wrap gap-x-3">
      {parts.map((part, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: parts have no names, and never change places
        <span key={index}>{part}</span>
      ))}
    </span>
  );
}

export const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** A field with one control: its label, what it is for, what is wrong with it. */
export function Leaf({
  node,
  described,
  more,
  tellsOnBlur = true,
  children,
}: {
  readonly node: NodeProps;
  readonly described: Described;
  readonly more?: ReactNode;
  readonly tellsOnBlur?: boolean;
  readonly children: ReactNode;
}): ReactNode {
  const m = useMessages().forms;
  const { form } = useFormContext();
  const about = useAbout(described, more);
  const wrong = wordsOfFindings(form.told(node.pointer), m.wrong);
  const { nullable, deprecated, secret } = described;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only hears that the control inside was left
    <div
      data-field={node.pointer}
      className="flex min-w-0 flex-col gap-1"
      onBlur={tellsOnBlur ? () => form.touch(node.pointer) : undefined}
    >
      <Field
        label={
          <>
            {described.title ?? node.label}
            {secret && <Badge className="ml-1.5">{m.secret}</Badge>}
            {deprecated && (
              <Badge tone="warn" className="ml-1.5">
                {m.deprecated}
              </Badge>
            )}
          </>
        }
        required={node.required && node.isEntry !== true}
        {...(about !== undefined && { about })}
        {...(wrong !== undefined && { error: wrong })}
      >
        {children}
      </Field>
      {nullable && (
        <Checkbox
          label={m.nothing}
          checked={node.value === null}
          onChange={(isNull) => node.onChange(isNull ? null : undefined)}
        />
      )}
    </div>
  );
}

/** As a Leaf, around what names itself: several controls, or an editor. */
export function Framed({
  node,
  described,
  more,
  children,
}: {
  readonly node: NodeProps;
  readonly described: Described;
  readonly more?: ReactNode;
  readonly children: ReactNode;
}): ReactNode {
  const { forms: m, ui } = useMessages();
  const { form } = useFormContext();
  const about = useAbout(described, more);
  const wrong = wordsOfFindings(form.told(node.pointer), m.wrong);
  return (
    <div data-field={node.pointer} className="flex min-w-0 flex-col gap-1">
      <span aria-hidden className="text-sm font-medium">
        {described.title ?? node.label}
        {node.required && node.isEntry !== true && <span className="ml-1 font-normal text-faint">{ui.required}</span>}
      </span>
      {children}
      {about !== undefined && <div className="text-xs text-faint">{about}</div>}
      {wrong !== undefined && (
        <p role="alert" className="text-xs font-medium text-bad">
          {wrong}
        </p>
      )}
    </div>
  );
}

/** A part of a form with parts of its own. */
export function Group({
  node,
  described,
  actions,
  children,
}: {
  readonly node: NodeProps;
  readonly described: Described;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}): ReactNode {
  const { forms: m, ui } = useMessages();
  const { form } = useFormContext();
  const wrong = wordsOfFindings(form.told(node.pointer), m.wrong);
  return (
    <fieldset data-field={node.pointer} className="flex min-w-0 flex-col gap-3 rounded-md border border-line p-3">
      <legend className="-ml-1 px-1 text-sm font-medium">
        {described.title ?? node.label}
        {node.required && node.isEntry !== true && <span className="ml-1 font-normal text-faint">{ui.required}</span>}
      </legend>
      {(described.about !== undefined || actions !== undefined) && (
        <div className="-mt-1 flex flex-wrap items-center justify-between gap-2">
          <p className="text-xs text-faint">{described.about}</p>
          {actions}
        </div>
      )}
      {children}
      {wrong !== undefined && (
        <p role="alert" className="text-xs font-medium text-bad">
          {wrong}
        </p>
      )}
      {described.nullable && (
        <Checkbox
          label={m.nothing}
          checked={node.value === null}
          onChange={(isNull) => node.onChange(isNull ? null : undefined)}
        />
      )}
    </fieldset>
  );
}
