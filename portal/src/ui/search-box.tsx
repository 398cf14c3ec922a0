import { Search } from 'lucide-react';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { useKeys } from '../app/keys.ts';
import { useMessages } from '../messages/index.tsx';
import { Field, TextInput } from './field.tsx';

/** Narrows what the page lists, while one types. `/` leads to it, Escape empties it. */
export function SearchBox({
  label,
  value,
  onChange,
  className,
}: {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly className?: string;
}): ReactNode {
  const m = useMessages();
  const box = useRef<HTMLInputElement>(null);
  // What is typed stands here at once; the address may follow later, and may change by itself (back, a link).
  const [typed, setTyped] = useState(value);
  const told = useRef(value);
  useEffect(() => {
    if (value !== told.current) setTyped(value);
    told.current = value;
  }, [value]);
  const type = (text: string): void => {
    setTyped(text);
    told.current = text;
    onChange(text);
  };
  useKeys({ '/': { label: m.ui.search, run: () => box.current?.select() } });
  return (
    <Field label={label} hideLabel className={className ?? 'w-64 max-sm:w-full'}>
      <div className="relative">
        <Search size={14} aria-hidden className="pointer-events-none absolute top-1/2 left-2.5 -translate-y-1/2 text-faint" />
        <TextInput
          ref={box}
          type="search"
          value={typed}
          placeholder={label}
          autoComplete="off"
          spellCheck={false}
          className="pl-8"
          onChange={(event) => type(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Escape' || typed === '') return;
            event.preventDefault();
            type('');
          }}
        />
      </div>
    </Field>
  );
}
