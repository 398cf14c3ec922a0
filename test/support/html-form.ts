/** A form as it stands in a page: where it goes, what is filled in already, and its buttons. */
export interface HtmlForm {
  readonly name: string | undefined;
  readonly method: string;
  readonly action: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly buttons: readonly HtmlButton[];
}

export interface HtmlButton {
  readonly text: string;
  readonly name: string | undefined;
  readonly value: string;
  readonly action: string | undefined;
}

type Attributes = Readonly<Record<string, string>>;

/** The forms of a page. It reads the tidy HTML of our own pages and of the identity provider, not that of the world. */
export function formsOf(html: string): HtmlForm[] {
  return [...html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/gi)].map(([, tag = '', inside = '']) => {
    const attributes = attributesOf(tag);
    // A button may stand outside of its form, and name it.
    const outside =
      attributes['id'] === undefined ? [] : elementsOf(html).filter((one) => one.attributes['form'] === attributes['id']);
    const elements = [...elementsOf(inside), ...outside];
    return {
      name: attributes['name'] ?? attributes['id'],
      method: (attributes['method'] ?? 'get').toUpperCase(),
      action: attributes['action'] ?? '',
      fields: Object.fromEntries(
        elements.filter(isField).map(({ attributes: { name = '', value = '' } }): [string, string] => [name, value]),
      ),
      buttons: elements.filter(isButton).map(({ attributes: { name, value = '', formaction }, text }) => ({
        text,
        name,
        value,
        action: formaction,
      })),
    };
  });
}

interface Element {
  readonly tag: string;
  readonly attributes: Attributes;
  readonly text: string;
}

const isButton = ({ tag, attributes }: Element): boolean =>
  tag === 'button' ? attributes['type'] !== 'button' : attributes['type'] === 'submit';

const isField = (element: Element): boolean =>
  element.tag === 'input' && !isButton(element) && element.attributes['name'] !== undefined && !isUnticked(element.attributes);

const isUnticked = ({ type, ...rest }: Attributes): boolean =>
  (type === 'checkbox' || type === 'radio') && !Object.hasOwn(rest, 'checked');

function elementsOf(html: string): Element[] {
  const found = html.matchAll(/<input\b([^>]*)>|<button\b([^>]*)>([\s\S]*?)<\/button>/gi);
  return [...found].map(([, input, button = '', text = '']) => {
    const attributes = attributesOf(input ?? button);
    return {
      tag: input === undefined ? 'button' : 'input',
      attributes,
      text: textOf(input === undefined ? text : (attributes['value'] ?? '')),
    };
  });
}

function attributesOf(tag: string): Attributes {
  const found = tag.matchAll(/([\w-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g);
  return Object.fromEntries([...found].map(([, name = '', a, b, c]) => [name.toLowerCase(), unescaped(a ?? b ?? c ?? '')]));
}

/** What a person reads: without tags, with single spaces. */
export function textOf(html: string): string {
  const body = html.replace(/<(style|script|head)\b[\s\S]*?<\/\1>/gi, ' ').replace(/<[^>]*>/g, ' ');
  return unescaped(body).replace(/\s+/g, ' ').trim();
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' };

function unescaped(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    return decimal === undefined ? (NAMED[name] ?? whole) : String.fromCodePoint(Number(decimal));
  });
}
