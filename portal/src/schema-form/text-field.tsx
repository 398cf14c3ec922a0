import { Eye, EyeOff } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { useMessages, useSpoken } from '../messages/index.tsx';
import { IconButton } from '../ui/button.tsx';
import { CodeEditor } from '../ui/code-editor.tsx';
import { TextArea, TextInput } from '../ui/field.tsx';
import { exactTime, duration as spelled } from '../ui/format.ts';
import { type NodeProps, useFormContext } from './context.ts';
import { isoDuration, parseDuration } from './duration.ts';
import { Framed, Leaf, shown } from './leaf.tsx';
import type { Described } from './shape.ts';
import { Unread } from './value.ts';

interface Props {
  readonly node: NodeProps;
  readonly described: Described;
}

const textOf = (value: unknown): string => (value instanceof Unread ? value.text : value == null ? '' : shown(value));

/** Nothing typed is nothing sent: an empty text can be given as JSON. */
const orNothing = (text: string): string | undefined => (text === '' ? undefined : text);

const MONO = new Set(['uuid', 'ipv4', 'ipv6', 'uri', 'hostname', 'duration', 'cidrv4', 'cidrv6', 'regex', 'json-pointer']);

export function TextField({ node, described }: Props): ReactNode {
  const { shape, secret, fallback, readOnly } = described;
  if (shape.kind !== 'text') return null;
  if (secret) return <SecretField node={node} described={described} />;
  if (shape.format === 'date-time') return <TimeField node={node} described={described} />;
  if (shape.format === 'duration') return <DurationField node={node} described={described} />;
  if (shape.multiline && SQL.test(node.pointer)) return <SqlField node={node} described={described} />;
  const common = {
    value: textOf(node.value),
    disabled: node.value === null,
    readOnly,
    autoComplete: 'off',
    placeholder: fallback === undefined ? undefined : shown(fallback),
  };
  return (
    <Leaf node={node} described={described}>
      {shape.multiline ? (
        <TextArea {...common} onChange={(event) => node.onChange(orNothing(event.target.value))} />
      ) : (
        <TextInput
          {...common}
          type={shape.format === 'date' ? 'date' : 'text'}
          inputMode={shape.format === 'email' ? 'email' : shape.format === 'uri' ? 'url' : undefined}
          spellCheck={false}
          className={shape.format !== undefined && MONO.has(shape.format) ? 'font-mono' : ''}
          onChange={(event) => node.onChange(orNothing(event.target.value))}
        />
      )}
    </Leaf>
  );
}

const SQL = /\/(?:sql|statement)$/i;

/** A statement, with its words told apart. */
function SqlField({ node, described }: Props): ReactNode {
  const { form } = useFormContext();
  const { pointer } = node;
  return (
    <Framed node={node} described={described}>
      <CodeEditor
        label={described.title ?? node.label}
        language="sql"
        minLines={4}
        value={textOf(node.value)}
        invalid={form.told(pointer).length > 0}
        onBlur={() => form.touch(pointer)}
        onChange={(text) => node.onChange(orNothing(text))}
      />
    </Framed>
  );
}

/** Typed without being shown, unless the reader wants to see it; browsers are told that it is none to keep. */
function SecretField({ node, described }: Props): ReactNode {
  const m = useMessages().forms;
  const [isShown, setShown] = useState(false);
  return (
    <Leaf node={node} described={described}>
      <div className="flex gap-1">
        <TextInput
          type={isShown ? 'text' : 'password'}
          autoComplete="new-password"
          spellCheck={false}
          value={textOf(node.value)}
          disabled={node.value === null}
          className="font-mono"
          onChange={(event) => node.onChange(orNothing(event.target.value))}
        />
        <IconButton
          icon={isShown ? EyeOff : Eye}
          label={isShown ? m.hide : m.show}
          aria-pressed={isShown}
          onClick={() => setShown(!isShown)}
        />
      </div>
    </Leaf>
  );
}

export function NumberField({ node, described }: Props): ReactNode {
  const m = useMessages().forms;
  const { shape, fallback, readOnly, secret } = described;
  const isWhole = shape.kind === 'number' && shape.whole;
  const isSeconds = /seconds$/i.test(node.pointer);
  const read = (text: string): unknown => {
    const trimmed = text.trim();
    if (trimmed === '') return undefined;
    const number = Number(trimmed.replace(/^\+/, ''));
    const isNumber = isWhole ? /^[+-]?\d+$/.test(trimmed) && Number.isSafeInteger(number) : Number.isFinite(number);
    if (isNumber) return number;
    return (isSeconds ? parseDuration(trimmed) : undefined) ?? new Unread(text, isWhole ? 'whole' : 'number');
  };
  // `2h` stays as it was typed while it is being typed: a number that changes under the hand would take the next letter.
  const [typed, setTyped] = useState('');
  const isTyped = typed !== '' && Object.is(read(typed), node.value);
  const { value } = node;
  return (
    <Leaf
      node={node}
      described={described}
      more={isSeconds && (typeof value === 'number' ? m.comesTo(spelled(value)) : m.durationAbout)}
    >
      <TextInput
        type={secret ? 'password' : 'text'}
        inputMode={isSeconds ? 'text' : isWhole ? 'numeric' : 'decimal'}
        autoComplete="off"
        value={isTyped ? typed : textOf(value)}
        disabled={value === null}
        readOnly={readOnly}
        placeholder={fallback === undefined ? undefined : shown(fallback)}
        className="max-w-64 tabular-nums"
        onChange={(event) => {
          setTyped(event.target.value);
          node.onChange(read(event.target.value));
        }}
      />
    </Leaf>
  );
}

function DurationField({ node, described }: Props): ReactNode {
  const m = useMessages().forms;
  const [typed, setTyped] = useState('');
  const read = (text: string): unknown => {
    if (text.trim() === '') return undefined;
    // What is ISO already is sent as it is: P1M is no number of seconds.
    if (/^P/i.test(text.trim())) return text.trim().toUpperCase();
    const seconds = parseDuration(text);
    return seconds === undefined ? new Unread(text, 'duration') : isoDuration(seconds);
  };
  const { value } = node;
  const seconds = typeof value === 'string' ? parseDuration(value) : undefined;
  const isTyped = typed !== '' && read(typed) === value;
  return (
    <Leaf
      node={node}
      described={described}
      more={seconds === undefined ? m.durationAbout : `${m.comesTo(spelled(seconds))} (${String(value)})`}
    >
      <TextInput
        autoComplete="off"
        spellCheck={false}
        className="max-w-64 font-mono"
        value={isTyped || value instanceof Unread ? (value instanceof Unread ? value.text : typed) : textOf(value)}
        disabled={value === null}
        placeholder={described.fallback === undefined ? undefined : shown(described.fallback)}
        onChange={(event) => {
          setTyped(event.target.value);
          node.onChange(read(event.target.value));
        }}
      />
    </Leaf>
  );
}

/** A point in time, as the reader's clocks show it; sent in UTC. */
function TimeField({ node, described }: Props): ReactNode {
  const m = useMessages().forms;
  const { language } = useSpoken();
  const { value } = node;
  const isTime = typeof value === 'string' && !Number.isNaN(Date.parse(value));
  return (
    <Leaf
      node={node}
      described={described}
      more={isTime ? exactTime(value, language) : m.zone(Intl.DateTimeFormat().resolvedOptions().timeZone)}
    >
      <TextInput
        type="datetime-local"
        className="max-w-64"
        step={1}
        value={isTime ? localTime(value) : ''}
        disabled={value === null}
        onChange={(event) => {
          const at = new Date(event.target.value);
          node.onChange(Number.isNaN(at.getTime()) ? undefined : at.toISOString());
        }}
      />
    </Leaf>
  );
}

/** `2026-11-21T22:04:31` where the reader is, as the control of browsers has it. */
export function localTime(at: string): string {
  const date = new Date(at);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}
