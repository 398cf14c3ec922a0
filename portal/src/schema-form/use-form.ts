import type { GuichetError } from '@guichet/contract';
import { type RefObject, useCallback, useDeferredValue, useMemo, useRef, useState } from 'react';
import { belowInput, checkOf, type Finding } from './findings.ts';
import { isSchema, type Schema } from './schema.ts';
import { type FormValue, type Input, initialValue, plain, unreadIn } from './value.ts';
import { secretsOf } from './whole-text.ts';

/** A form that is drawn from a schema: what is typed into it, and what is wrong with that. */
export interface Form {
  readonly schema: Schema;
  readonly value: FormValue;
  /** What would be sent. */
  readonly input: Input;
  /** The same with a marker where secrets are: to be shown. */
  readonly shown: Input;
  /** The same as if no secret had been typed: for addresses. */
  readonly rest: Input;
  /** Something was typed since it began, or was filled in. */
  readonly isDirty: boolean;
  readonly isValid: boolean;
  readonly set: (value: FormValue) => void;
  /** Fills all of it in. What was in it before is gone. */
  readonly replace: (input: Input) => void;
  /** Nothing of it is to be lost any more: it has been sent. */
  readonly settle: () => void;
  /** What the reader is told at a field, now. */
  readonly told: (pointer: string) => readonly (Finding | string)[];
  /** All that is told. */
  readonly allTold: readonly string[];
  /** A field was left: from now on what is wrong with it is told. */
  readonly touch: (pointer: string) => void;
  /** Tells all that is wrong and brings the reader to the first of it; true when nothing is. */
  readonly check: () => boolean;
  /** Tells what the gateway found wrong at its fields. What is of no field is for the caller to show. */
  readonly refuse: (error: GuichetError) => void;
  /** For the element that holds the fields. */
  readonly holder: RefObject<HTMLDivElement | null>;
}

interface Refused {
  readonly value: FormValue;
  readonly byPointer: ReadonlyMap<string, readonly string[]>;
}

const NONE: Refused = { value: undefined, byPointer: new Map() };

export function useForm(schema: Schema, begin?: Input): Form {
  const first = useMemo((): FormValue => started(schema, begin), [schema, begin]);
  const [value, setValue] = useState<FormValue>(first);
  const [settled, setSettled] = useState<FormValue>(first);
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  const [isAsked, setAsked] = useState(false);
  const [refused, setRefused] = useState<Refused>(NONE);
  const holder = useRef<HTMLDivElement | null>(null);
  const check = useMemo(() => safeCheck(schema), [schema]);
  const secrets = useMemo(() => secretsOf(schema), [schema]);
  const findings = useMemo(() => check(value), [check, value]);
  const later = useDeferredValue(value);
  const parted = useMemo(() => {
    const input = inputOf(later);
    return secrets === undefined ? { shown: input, rest: input } : secrets.takeOut(input);
  }, [secrets, later]);
  const byPointer = useMemo(() => grouped(findings), [findings]);

  const told = (pointer: string): readonly (Finding | string)[] => {
    const own = isAsked || touched.has(pointer) ? (byPointer.get(pointer) ?? []) : [];
    // What the gateway said is about the input as it was then.
    const from = refused.value === value ? (refused.byPointer.get(pointer) ?? []) : [];
    return own.length > 0 ? own : from;
  };
  const touch = useCallback(
    (pointer: string) => setTouched((before) => (before.has(pointer) ? before : new Set([...before, pointer]))),
    [],
  );
  return {
    schema,
    value,
    input: useMemo(() => inputOf(value), [value]),
    ...parted,
    isDirty: value !== settled,
    isValid: findings.length === 0,
    set: setValue,
    replace: (input) => {
      setValue(started(schema, input));
      setAsked(false);
      setTouched(new Set());
    },
    settle: () => setSettled(value),
    told,
    allTold: [...new Set([...(isAsked ? byPointer.keys() : []), ...(refused.value === value ? refused.byPointer.keys() : [])])],
    touch,
    check: () => {
      setAsked(true);
      if (findings.length === 0) return true;
      focusFirst(holder.current, new Set(byPointer.keys()));
      return false;
    },
    refuse: (error) => {
      const found = new Map<string, string[]>();
      for (const { field, message } of error.errors ?? []) {
        const pointer = belowInput(field);
        if (pointer !== undefined) found.set(pointer, [...(found.get(pointer) ?? []), sentence(message)]);
      }
      setRefused({ value, byPointer: found });
      focusFirst(holder.current, new Set(found.keys()));
    },
    holder,
  };
}

/** What a form holds at first: what was given over what it begins with by itself. */
function started(schema: Schema, begin: Input | undefined): FormValue {
  const own = initialValue(schema, schema);
  return begin === undefined ? own : { ...(own as Input), ...structuredClone(begin) }; // the input of an action is an object
}

/** What is no object is a text that does not parse; nothing is sent while it is there. */
function inputOf(value: FormValue): Input {
  const input = plain(value);
  return isSchema(input) ? input : {};
}

/** A schema that the validator cannot read is left to the gateway, which can. */
function safeCheck(schema: Schema): (value: FormValue) => Finding[] {
  try {
    const check = checkOf(schema);
    return (value) => {
      try {
        return check(value);
      } catch {
        return unreadIn(value).map(([pointer]): Finding => ({ pointer, wrong: { kind: 'invalid' } }));
      }
    };
  } catch {
    return () => [];
  }
}

function grouped(findings: readonly Finding[]): ReadonlyMap<string, readonly Finding[]> {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) groups.set(finding.pointer, [...(groups.get(finding.pointer) ?? []), finding]);
  return groups;
}

const sentence = (message: string): string => (/^(must|is|has|holds|cannot) /.test(message) ? `It ${message}` : message);

const CONTROLS = 'input:not([type=hidden]), textarea, select, button, [tabindex="0"]';

/** The first field, in the order of the page, that something is wrong with; it may be inside of what is wrong as a whole. */
function focusFirst(holder: HTMLElement | null, pointers: ReadonlySet<string>): void {
  if (holder === null || pointers.size === 0) return;
  // After what is wrong was drawn: a part that was closed may have opened for it.
  requestAnimationFrame(() => {
    const fields = [...holder.querySelectorAll<HTMLElement>('[data-field]')];
    const exact = fields.find((field) => pointers.has(field.dataset['field'] ?? ''));
    const control = exact?.matches(CONTROLS) ? exact : exact?.querySelector<HTMLElement>(CONTROLS);
    const editor = [...(exact?.querySelectorAll<HTMLElement>('div') ?? [])].find(({ shadowRoot }) => shadowRoot !== null);
    (control ?? editor)?.focus();
    exact?.scrollIntoView({ block: 'nearest' });
  });
}
