import type { InputHTMLAttributes, ReactNode } from 'react';
import { TextInput } from './field.tsx';

interface MomentInputProps extends Omit<InputHTMLAttributes<HTMLInputElement>, 'type' | 'value' | 'onChange'> {
  /** ISO 8601. */
  readonly value: string | undefined;
  /** Told in UTC, so that a link shows the same to everybody. */
  readonly onChange: (value: string | undefined) => void;
}

/** A day and a time of the reader's zone. It counts when it is left: the browser gives halves of a time while one types. */
export function MomentInput({ value, onChange, ...rest }: MomentInputProps): ReactNode {
  const local = value === undefined ? '' : localTime(value);
  return (
    <TextInput
      {...rest}
      // Another time from outside (a cleared filter, back) is another field: what was typed here is gone.
      key={local}
      type="datetime-local"
      defaultValue={local}
      onBlur={({ currentTarget }) => {
        if (currentTarget.value !== local)
          onChange(currentTarget.value === '' ? undefined : new Date(currentTarget.value).toISOString());
      }}
    />
  );
}

/** `2026-11-21T22:04`, as the field of the browser wants it. */
function localTime(at: string): string {
  const time = new Date(at);
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
