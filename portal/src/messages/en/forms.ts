import { plural } from '../plural.ts';

const UNITS = {
  string: { one: '# character', other: '# characters' },
  array: { one: '# entry', other: '# entries' },
  object: { one: '# field', other: '# fields' },
};

/** Words of forms that are drawn from a schema. */
export const forms = {
  notSet: 'Not set',
  chooseOne: 'Choose one',
  kind: 'Kind',
  nothing: 'No value (null)',
  byDefault: (value: string): string => `Default: ${value}`,
  example: (value: string): string => `For example ${value}`,
  deprecated: 'deprecated',
  secret: 'secret',
  secretAbout: 'Sealed on its way; nobody but the provider reads it.',
  show: 'Show while typing',
  hide: 'Hide',
  set: (name: string): string => `Set ${name}`,
  takeOut: (name: string): string => `Take out ${name}`,
  add: 'Add an entry',
  entry: (number: number): string => `Entry ${number}`,
  remove: (number: number): string => `Remove entry ${number}`,
  up: (number: number): string => `Move entry ${number} up`,
  down: (number: number): string => `Move entry ${number} down`,
  moved: (from: number, to: number): string => `Entry ${from} is now entry ${to}`,
  removed: (number: number): string => `Entry ${number} was removed`,
  none: 'No entries',
  name: 'Name',
  value: 'Value',
  others: 'Further fields',
  zone: (zone: string): string => `In your time zone, ${zone}`,
  comesTo: (value: string): string => `= ${value}`,
  durationAbout: 'Such as 30m, 2h or 1h30m',
  json: 'JSON',
  jsonAbout: 'Any JSON value',
  asForm: 'Form',
  asJson: 'JSON',
  view: 'How to fill it in',
  wholeInput: 'The whole input',
  secretsStay: (marker: string): string => `${marker} stands for a secret that you have typed.`,
  noFields: 'It takes no input.',
  options: {
    open: 'Show choices',
    loading: 'Asking for choices…',
    none: 'Nothing fits; you may type it all the same.',
    failed: (why: string): string => `No choices: ${why} You may type it all the same.`,
    count: (count: number): string => plural('en', count, { one: '# choice', other: '# choices' }),
  },
  wrong: {
    required: 'It is required',
    unknownField: 'It is not a field of this action',
    duplicates: 'It holds the same entry twice',
    shapes: 'It has none of the shapes that it may have',
    invalid: 'It is not valid',
    number: 'It must be a number',
    whole: 'It must be a whole number',
    json: 'It must be JSON',
    names: 'Each name may stand here once, and none may be empty',
    oneOf: (values: readonly string[]): string => `It must be ${listed(values)}`,
    constant: (value: string): string => `It must be ${value}`,
    type: (types: readonly string[]): string => `It must be ${listed(types.map((type) => NOUNS[type] ?? type))}`,
    format: (format: string): string => `It must be ${FORMATS[format] ?? `a valid ${format}`}`,
    pattern: (pattern: string): string => `It must match ${pattern}`,
    multipleOf: (of: number): string => `It must be a multiple of ${of}`,
    bound: ({ of, side, limit, inclusive }: BoundWords): string => {
      if (of === 'number')
        return inclusive
          ? `It must be at ${side === 'min' ? 'least' : 'most'} ${limit}`
          : `It must be ${side === 'min' ? 'more' : 'less'} than ${limit}`;
      if (side === 'min' && limit === 1) return 'It must not be empty';
      return `It must have at ${side === 'min' ? 'least' : 'most'} ${plural('en', limit, UNITS[of])}`;
    },
  },
  summary: (count: number): string => plural('en', count, { one: '# field needs a look', other: '# fields need a look' }),
};

export interface BoundWords {
  readonly of: 'number' | 'string' | 'array' | 'object';
  readonly side: 'min' | 'max';
  readonly limit: number;
  readonly inclusive: boolean;
}

const NOUNS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'yes or no',
  object: 'an object',
  array: 'a list',
  null: 'null',
};

const FORMATS: Readonly<Record<string, string>> = {
  'date-time': 'a time such as 2026-11-20T09:30:00Z',
  date: 'a date such as 2026-11-20',
  time: 'a time of day such as 09:30:00Z',
  duration: 'a length of time such as 15m or PT15M',
  uuid: 'a UUID such as 7e3f0c1a-52b4-4d59-9a35-0a1c2b3d4e5f',
  uri: 'an address such as https://example.com',
  email: 'an e-mail address',
  ipv4: 'an IPv4 address',
  ipv6: 'an IPv6 address',
  hostname: 'a host name',
};

const listed = (words: readonly string[]): string => new Intl.ListFormat('en', { type: 'disjunction' }).format(words);
