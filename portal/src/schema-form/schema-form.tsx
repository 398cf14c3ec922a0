import { SECRET_MARKER } from '@guichet/contract';
import { type ReactNode, useMemo, useState } from 'react';
import { useMessages } from '../messages/index.tsx';
import { CodeEditor } from '../ui/code-editor.tsx';
import { Segmented } from '../ui/field.tsx';
import { Note } from '../ui/states.tsx';
import { FormContext, type LiveOptions, wordsOfFindings } from './context.ts';
import { FieldNode, Members } from './field-node.tsx';
import { describedBy } from './shape.ts';
import type { Form } from './use-form.ts';
import { Unread } from './value.ts';
import { asText, fromText } from './whole-text.ts';

/** The fields of a form, or the same as JSON. The buttons around it are the page's. */
export function SchemaForm({
  form,
  live,
  beside,
}: {
  readonly form: Form;
  readonly live?: LiveOptions | undefined;
  /** Above the fields, beside the choice between form and JSON. */
  readonly beside?: ReactNode;
}): ReactNode {
  const m = useMessages().forms;
  const [view, setView] = useState<'form' | 'json'>('form');
  const context = useMemo(() => ({ form, live, Node: FieldNode }), [form, live]);
  const { shape } = describedBy(form.schema, form.schema);
  const isEmpty = shape.kind === 'object' && shape.members.length === 0 && shape.others === undefined;
  const whole = wordsOfFindings(form.told(''), m.wrong);
  const drawn = shape.kind === 'object' ? shape.members.map(({ name }) => `/${name}`) : [];
  const elsewhere = form.allTold.filter(
    (pointer) =>
      pointer !== '' && shape.kind === 'object' && !drawn.some((own) => pointer === own || pointer.startsWith(`${own}/`)),
  );
  if (isEmpty && form.isValid && elsewhere.length === 0)
    return (
      <>
        {beside}
        <p className="text-sm text-faint">{m.noFields}</p>
      </>
    );
  return (
    <FormContext value={context}>
      <div ref={form.holder} className="flex flex-col gap-4">
        <div className={beside === undefined ? '-mb-2 flex justify-end' : 'flex flex-wrap items-start justify-between gap-2'}>
          {beside}
          <Segmented
            label={m.view}
            items={[
              { value: 'form', label: m.asForm },
              { value: 'json', label: m.asJson },
            ]}
            value={view}
            onChange={setView}
          />
        </div>
        {(whole !== undefined || elsewhere.length > 0) && (
          <div role="alert">
            <Note tone="bad">
              {whole}
              {elsewhere.map((pointer) => (
                <p key={pointer}>
                  <code className="font-mono text-xs">{pointer.slice(1)}</code>: {wordsOfFindings(form.told(pointer), m.wrong)}
                </p>
              ))}
            </Note>
          </div>
        )}
        {view === 'json' ? (
          <WholeAsJson form={form} />
        ) : shape.kind === 'object' ? (
          <Members node={{ value: form.value, onChange: form.set, pointer: '' }} members={shape.members} others={shape.others} />
        ) : (
          <FieldNode schema={form.schema} value={form.value} onChange={form.set} pointer="" label={m.wholeInput} required />
        )}
      </div>
    </FormContext>
  );
}

/** All of it as JSON. Nothing is sent while it does not parse. */
function WholeAsJson({ form }: { readonly form: Form }): ReactNode {
  const m = useMessages().forms;
  const [text, setText] = useState(() => (form.value instanceof Unread ? form.value.text : asText(form.schema, form.input)));
  // Where the secrets come back from, whatever the text is in between.
  const [before] = useState(form.input);
  const isRead = fromText(form.schema, text, before) !== undefined;
  const hasSecrets = text.includes(SECRET_MARKER);
  return (
    <div data-field="">
      <CodeEditor
        label={m.wholeInput}
        language="json"
        value={text}
        invalid={!isRead}
        onChange={(next) => {
          setText(next);
          form.set(fromText(form.schema, next, before) ?? new Unread(next, 'json'));
        }}
      />
      {hasSecrets && <p className="mt-1 text-xs text-faint">{m.secretsStay(SECRET_MARKER)}</p>}
    </div>
  );
}
