import { type ReactNode, useEffect, useId, useState } from 'react';
import { controlClass } from '../../ui/field.tsx';
import { type Suggestion, Suggestions } from '../../ui/suggestions.tsx';

/** A short text with suggestions: something else may be typed too. It counts when it is left, chosen, or Enter is pressed. */
export function SuggestedInput({
  label,
  value = '',
  items,
  onChange,
}: {
  readonly label: string;
  readonly value?: string | undefined;
  readonly items: readonly Suggestion[];
  readonly onChange: (value: string | undefined) => void;
}): ReactNode {
  const list = useId();
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const take = (typed: string): void => {
    const trimmed = typed.trim();
    if (trimmed !== value) onChange(trimmed === '' ? undefined : trimmed);
  };
  return (
    <>
      <input
        type="text"
        aria-label={label}
        placeholder={label}
        list={list}
        value={text}
        autoComplete="off"
        spellCheck={false}
        onChange={({ target }) => {
          setText(target.value);
          if (target.value === '' || items.some((item) => item.value === target.value)) take(target.value);
        }}
        onBlur={() => take(text)}
        onKeyDown={({ key }) => key === 'Enter' && take(text)}
        className={`${controlClass} h-7 w-44! text-xs`}
      />
      <Suggestions id={list} items={items} />
    </>
  );
}
