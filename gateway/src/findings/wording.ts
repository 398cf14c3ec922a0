const NOUNS: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  integer: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  record: 'an object',
  array: 'a list',
  null: 'null',
};

/** `integer` as people say it: "a whole number". */
export const nounOf = (type: string): string => NOUNS[type] ?? `a ${type}`;

/** What a value is, and, when it is short and plain, the value: `Got a string: "5".` */
export function got(value: unknown): string {
  if (value === null || typeof value === 'boolean') return `Got ${value}.`;
  if (Array.isArray(value)) return 'Got a list.';
  if (typeof value === 'object') return 'Got an object.';
  const text = JSON.stringify(value) ?? 'nothing';
  return `Got ${nounOf(typeof value)}: ${text.length > 40 ? `${text.slice(0, 39)}…` : text}.`;
}

/** What the author of a field says about it, as a hint: `size: How much of it.` */
export function told(field: string, description: string | undefined): string | undefined {
  if (description === undefined || description === '') return undefined;
  return `${field.split('/').at(-1)}: ${description}${/[.!?]$/.test(description) ? '' : '.'}`;
}

type Bounded = 'string' | 'number' | 'array' | 'object';
const UNITS: Readonly<Record<Bounded, readonly [one: string, many: string]>> = {
  string: ['character', 'characters'],
  number: ['', ''],
  array: ['entry', 'entries'],
  object: ['field', 'fields'],
};

export interface Bound {
  readonly of: string;
  readonly side: 'min' | 'max';
  readonly limit: number;
  /** Whether the limit itself is allowed. */
  readonly inclusive: boolean;
}

/** "must be at least 1", "must not be empty", "must have at most 200 characters". */
export function boundMessage({ of, side, limit, inclusive }: Bound): string {
  if (of === 'number' || !(of in UNITS)) {
    if (inclusive) return `must be at ${side === 'min' ? 'least' : 'most'} ${limit}`;
    return `must be ${side === 'min' ? 'more' : 'less'} than ${limit}`;
  }
  if (side === 'min' && limit === 1) return 'must not be empty';
  const [one, many] = UNITS[of as Bounded]; // looked up above
  return `must have at ${side === 'min' ? 'least' : 'most'} ${limit} ${limit === 1 ? one : many}`;
}

const FORMATS: Readonly<Record<string, string>> = {
  datetime: 'a time such as 2026-11-20T09:30:00Z',
  'date-time': 'a time such as 2026-11-20T09:30:00Z',
  date: 'a date such as 2026-11-20',
  time: 'a time of day such as 09:30:00Z',
  duration: 'a length of time such as PT15M',
  uuid: 'a UUID such as 7e3f0c1a-52b4-4d59-9a35-0a1c2b3d4e5f',
  url: 'an address such as https://example.com',
  uri: 'an address such as https://example.com',
  email: 'an e-mail address',
  ipv4: 'an IPv4 address',
  ipv6: 'an IPv6 address',
  hostname: 'a host name',
};

export const formatMessage = (format: string): string => `must be ${FORMATS[format] ?? `a valid ${format}`}`;

/** `a, b or c` */
export function anyOf(words: readonly string[]): string {
  return words.length < 2 ? (words[0] ?? 'nothing') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
