import type { ReactNode } from 'react';

export interface Suggestion {
  readonly value: string;
  readonly label?: string;
}

/** What the browser suggests in the text field whose `list` is this id; anything else can be typed there too. */
export function Suggestions({ id, items }: { readonly id: string; readonly items: readonly Suggestion[] }): ReactNode {
  return (
    <datalist id={id}>
      {items.map(({ value, label }) => (
        <option key={value} value={value} label={label} />
      ))}
    </datalist>
  );
}
