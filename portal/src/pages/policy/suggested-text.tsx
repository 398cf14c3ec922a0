import { type ReactNode, useId } from 'react';
import { Field, TextInput } from '../../ui/field.tsx';
import { Suggestions } from '../../ui/suggestions.tsx';

/** A text for which the browser suggests what there is; anything else can be typed too. */
export function SuggestedText({
  label,
  about,
  value = '',
  onChange,
  choices,
  error,
  placeholder,
}: {
  readonly label: string;
  readonly about?: string;
  readonly value?: string | undefined;
  readonly onChange: (value: string) => void;
  readonly choices?: readonly string[] | undefined;
  readonly error?: string | undefined;
  readonly placeholder?: string;
}): ReactNode {
  const listId = useId();
  return (
    <Field label={label} {...(about !== undefined && { about })} error={error}>
      <TextInput
        autoComplete="off"
        spellCheck={false}
        placeholder={placeholder}
        value={value}
        {...(choices && { list: listId })}
        onChange={({ currentTarget }) => onChange(currentTarget.value)}
      />
      {choices !== undefined && <Suggestions id={listId} items={choices.map((value) => ({ value }))} />}
    </Field>
  );
}
