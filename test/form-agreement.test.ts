import { GuichetError } from '@guichet/contract';
import { compileInput } from '@guichet/gateway/input-check';
import { checkOf } from '@guichet/portal/form-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';

// The console checks what is typed before the gateway does. Both must call the same inputs wrong, and at the same fields.

const jsonSchema = (schema: z.ZodType): Record<string, unknown> =>
  z.toJSONSchema(schema, { io: 'input', target: 'draft-2020-12' }) as Record<string, unknown>; // of an object, which it is

function byGateway(schema: Record<string, unknown>, input: Record<string, unknown>): string[] {
  try {
    compileInput(schema).check(input);
    return [];
  } catch (error) {
    if (!(error instanceof GuichetError)) throw error;
    return fieldsOf((error.errors ?? []).map(({ field }) => field.replace(/^\/input/, '')));
  }
}

const byConsole = (schema: Record<string, unknown>, input: Record<string, unknown>): string[] =>
  fieldsOf(checkOf(schema)(input).map(({ pointer }) => pointer));

const fieldsOf = (pointers: readonly string[]): string[] => [...new Set(pointers)].sort();

/** Values that fit somewhere, and nearly fit elsewhere. */
const VALUES: readonly unknown[] = [
  ...['', 'a', 'abc', 'A-1042', 'x@example.com', 'https://example.com/a?b=c', '2026-11-21', '2026-11-21T09:30:00Z', '09:30:00'],
  ...[
    '2026-02-30',
    'PT15M',
    'P1DT2H',
    'P1Y2M',
    '2h',
    '7e3f0c1a-52b4-4d59-9a35-0a1c2b3d4e5f',
    '10.0.0.1',
    '::1',
    '999.1.1.1',
    'z'.repeat(20),
  ],
  ...['cancel', 'terminate', 'UPPER', 'a/b~c', '🙂🙂🙂', '12', 'null', '2026-11-21T09:30:00+02:00'],
  ...[0, 1, -1, 3, 5, 10, 11, 1.5, 0.1, 0.3, 1e21, 2 ** 53],
  ...[true, false, null, [], ['a'], ['a', 'a'], ['a', 'b', 'c', 'd'], [1, 2], ['x', 1], ['x', 1, true], [[1]], [null]],
  ...[{}, { a: 1 }, { a: 'x', b: 2 }, { kind: 'cancel', pid: 1 }, { kind: 'group', query: 'q' }, { kind: 'other' }, { 'a/b': 1 }],
];

const FIELDS: Readonly<Record<string, z.ZodType>> = {
  text: z.string(),
  'a text of some length': z.string().min(2).max(5),
  'a pattern': z.string().regex(/^[A-Z]-\d+$/),
  'an e-mail address': z.email(),
  'an address': z.url(),
  'a UUID': z.uuid(),
  'a date': z.iso.date(),
  'a time': z.iso.datetime(),
  'a duration': z.iso.duration(),
  'an address of IPv4': z.ipv4(),
  'an address of IPv6': z.ipv6(),
  'a whole number': z.int().min(1).max(10),
  'a number': z.number().gt(0).lt(10),
  'a multiple': z.number().multipleOf(0.1),
  'yes or no': z.boolean(),
  'a choice': z.enum(['cancel', 'terminate']),
  'a constant': z.literal('cancel'),
  'several constants': z.literal(['a', 1, true]),
  'something nullable': z.string().min(2).nullable(),
  'something optional': z.int().optional(),
  'a default': z.int().default(5),
  'a list': z.array(z.string().min(1)).min(1).max(3),
  'a tuple': z.tuple([z.string(), z.int()]),
  'a tuple with more': z.tuple([z.string()], z.int()),
  'a record': z.record(z.string().min(2), z.int()),
  'a record of known names': z.partialRecord(z.enum(['a', 'b']), z.int()),
  'an object': z.strictObject({ a: z.int(), b: z.string().optional() }),
  'an object with a default inside': z.strictObject({ a: z.int().default(3), b: z.int() }),
  'an open object': z.looseObject({ a: z.string() }),
  anything: z.unknown(),
};

/** Where several shapes are possible the gateway tells of all of them, the console of the one that comes nearest. */
const UNIONS: Readonly<Record<string, z.ZodType>> = {
  'one of several types': z.union([z.string().min(3), z.int(), z.array(z.int())]),
  'one of several kinds': z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('cancel'), pid: z.int().min(1) }),
    z.strictObject({ kind: z.literal('group'), query: z.string().min(2), size: z.int().default(1) }),
  ]),
  'both of two': z.intersection(z.looseObject({ a: z.int() }), z.looseObject({ b: z.int() })),
};

describe('the console calls the same inputs wrong as the gateway, at the same fields', () => {
  test.each(Object.entries(FIELDS))('%s', (_, field) => {
    const schema = jsonSchema(z.strictObject({ field }));
    for (const value of VALUES) {
      const input = { field: value };
      expect(byConsole(schema, input), JSON.stringify(input)).toEqual(byGateway(schema, input));
    }
    for (const input of [{}, { field: 'a', other: 1 }, { 'a/b': 1 }])
      expect(byConsole(schema, input), JSON.stringify(input)).toEqual(byGateway(schema, input));
  });

  test.each(Object.entries(UNIONS))('%s: no field that the gateway does not name', (_, field) => {
    const schema = jsonSchema(z.strictObject({ field }));
    for (const value of VALUES) {
      const gateway = byGateway(schema, { field: value });
      const found = byConsole(schema, { field: value });
      expect(found.length > 0, JSON.stringify(value)).toBe(gateway.length > 0);
      expect(gateway, JSON.stringify(value)).toEqual(expect.arrayContaining(found));
    }
  });

  test('several fields at once, nested, in lists, behind references', () => {
    const node = z.strictObject({
      name: z.string().min(2),
      get children() {
        return z.array(node).optional();
      },
    });
    const size = z.strictObject({ width: z.int().max(10), height: z.int().max(10) }).meta({ id: 'Size' });
    const schema = jsonSchema(z.strictObject({ tree: node, sizes: z.array(size), 'a/b': z.int(), main: size.optional() }));
    const input = {
      tree: { name: 'x', children: [{ name: 'ok', children: [{ name: '' }, { nam: 'typo' }] }] },
      sizes: [{ width: 11, height: 1 }, { width: 1 }, 'none'],
      'a/b': 'text',
      main: { width: 11, height: '1' },
      extra: true,
    };
    const found = byConsole(schema, input);
    expect(found).toEqual(byGateway(schema, input));
    expect(found).toContain('/tree/children/0/children/1/nam');
    expect(found).toContain('/a~1b');
  });
});
