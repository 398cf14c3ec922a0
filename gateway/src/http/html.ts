/** Text that is HTML already. Only `html` makes it. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');

/** A template whose values are escaped, in text and in quoted attributes; HTML made by it goes in as it is. */
export function html(parts: TemplateStringsArray, ...values: readonly (string | Html | readonly Html[])[]): Html {
  const inserted = values.map((value) =>
    typeof value === 'string' ? escaped(value) : value instanceof Html ? value.text : value.map(({ text }) => text).join(''),
  );
  return new Html(parts.map((part, index) => part + (inserted[index] ?? '')).join(''));
}
