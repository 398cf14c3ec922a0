import { describe, expect, test } from 'vitest';
import { SECRET_MARKER as M, putBack, SecretFields } from '../src/secrets/index.ts';

const secret = { type: 'string', writeOnly: true };
const open = { type: 'string' };
const object = (properties: Record<string, unknown>, more: Record<string, unknown> = {}) => ({
  type: 'object',
  properties,
  ...more,
});

function takeOut(schema: Record<string, unknown>, input: Record<string, unknown>) {
  const fields = SecretFields.of(schema);
  if (fields === undefined) throw new Error('no field is secret');
  return fields.takeOut(input);
}

test('a schema without secret fields costs nothing', () => {
  expect(SecretFields.of(object({ a: open, b: { type: 'string', writeOnly: false } }))).toBeUndefined();
});

const CASES: readonly (readonly [
  where: string,
  schema: Record<string, unknown>,
  input: Record<string, unknown>,
  shown: unknown,
])[] = [
  ['at the top', object({ a: open, p: secret }), { a: 'x', p: 's' }, { a: 'x', p: M }],
  [
    'deep inside',
    object({ a: object({ b: object({ p: secret }) }) }),
    { a: { b: { p: 's', q: 1 } } },
    { a: { b: { p: M, q: 1 } } },
  ],
  ['in a list', object({ l: { type: 'array', items: secret } }), { l: ['s', 't'] }, { l: [M, M] }],
  [
    'in a list of objects',
    object({ l: { type: 'array', items: object({ p: secret, u: open }) } }),
    { l: [{ p: 's', u: 'u' }, { u: 'v' }] },
    { l: [{ p: M, u: 'u' }, { u: 'v' }] },
  ],
  ['in a tuple', object({ l: { prefixItems: [open, secret], items: open } }), { l: ['a', 's', 'b'] }, { l: ['a', M, 'b'] }],
  ['in a map', object({ m: { type: 'object', additionalProperties: secret } }), { m: { x: 's', y: 't' } }, { m: { x: M, y: M } }],
  ['by a pattern of names', object({}, { patternProperties: { _key$: secret } }), { a_key: 's', a: 'x' }, { a_key: M, a: 'x' }],
  ['a whole object', object({ o: { ...object({ a: open }), writeOnly: true } }), { o: { a: 's', b: [1] } }, { o: M }],
  ['a number', object({ n: { type: 'integer', writeOnly: true } }), { n: 1234 }, { n: M }],
  ['of any type: what is wrong is still secret', object({ p: secret }), { p: { a: ['s'] } }, { p: M }],
  ['in one branch of several', object({ p: { anyOf: [{ type: 'number' }, secret] } }), { p: 's' }, { p: M }],
  [
    'in a branch that is not the one that is meant',
    { anyOf: [object({ kind: { const: 'a' }, p: open }), object({ kind: { const: 'b' }, p: secret })] },
    { kind: 'a', p: 's' },
    { kind: 'a', p: M },
  ],
  [
    'when a condition holds or not',
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    object({ k: open }, { if: {}, then: object({ p: secret }) }),
    { k: 'x', p: 's' },
    { k: 'x', p: M },
  ],
  ['behind a reference', object({ p: { $ref: '#/$defs/p' } }, { $defs: { p: secret } }), { p: 's' }, { p: M }],
  ['behind an anchor', object({ p: { $ref: '#pw' } }, { $defs: { x: { ...secret, $anchor: 'pw' } } }), { p: 's' }, { p: M }],
  [
    'behind a reference to a name that is escaped',
    object({ p: { $ref: '#/$defs/a~1b%20c' } }, { $defs: { 'a/b c': secret } }),
    { p: 's' },
    { p: M },
  ],
  [
    'in a schema that goes round in circles',
    object({ p: secret, next: { $ref: '#' } }),
    { p: 's', next: { p: 't', next: { next: { p: 'u' } } } },
    { p: M, next: { p: M, next: { next: { p: M } } } },
  ],
  ['everything, when the input is', { ...object({ a: open }), writeOnly: true }, { a: 's', b: 't' }, { a: M, b: M }],
  ['under names that pointers escape', object({ 'a/b~c': secret }), { 'a/b~c': 's' }, { 'a/b~c': M }],
];

test.each(CASES)('finds a secret field %s', (_where, schema, input, shown) => {
  const before = structuredClone(input);
  const parted = takeOut(schema, input);
  expect(parted.shown).toEqual(shown);
  expect(input).toEqual(before);
  expect(putBack(parted.shown, parted.secrets)).toEqual(input);
});

test('what is absent or null is no secret', () => {
  expect(takeOut(object({ p: secret, q: secret }), { p: null })).toEqual({ shown: { p: null }, rest: { p: null }, secrets: [] });
});

test('leaves the rest as if they had not been given', () => {
  const schema = object({
    p: secret,
    l: { type: 'array', items: { anyOf: [secret, { type: 'object', properties: { p: secret } }] } },
  });
  expect(takeOut(schema, { p: 's', a: 1, l: ['t'] }).rest).toEqual({ a: 1, l: [] });
});

test('says where each one stood', () => {
  const schema = object({ 'a/b': secret, l: { type: 'array', items: secret } });
  expect(takeOut(schema, { 'a/b': 'one', l: ['two'] }).secrets).toEqual([
    { pointer: '/a~1b', value: 'one' },
    { pointer: '/l/0', value: 'two' },
  ]);
});

describe('a schema in which a secret could hide is refused', () => {
  test.each([
    ['https://example.com/schema', /cannot be followed/],
    ['#/$defs/gone', /cannot be followed/],
    ['#gone', /cannot be followed/],
  ])('a reference to %s', ($ref, words) => {
    expect(() => SecretFields.of(object({ p: secret, q: { $ref } }))).toThrow(words);
  });

  test('an id below the root, which would change what references mean', () => {
    expect(() => SecretFields.of(object({ p: secret, q: { $id: 'x' } }))).toThrow(/\$id/);
  });
});

test('knows which fields at the top hold secrets', () => {
  const fields = SecretFields.of(
    object({ a: open, p: secret, o: object({ p: secret }), r: { $ref: '#/$defs/p' } }, { $defs: { p: secret } }),
  );
  expect(['a', 'p', 'o', 'r', 'x'].filter((name) => fields?.covers(name))).toEqual(['p', 'o', 'r']);
});

test('a secret below the deprecated keyword for dependencies is one', () => {
  const schema = object({ a: open, p: open }, { dependencies: { a: object({ p: secret }), p: ['a'] } });
  expect(takeOut(schema, { a: 'x', p: 's' }).shown).toEqual({ a: 'x', p: M });
});

test.each(['contentSchema', 'propertyNames', 'additionalItems', 'x-more'])(
  'a secret below %s, which is not looked into, is refused',
  (keyword) => {
    expect(() => SecretFields.of(object({ a: open }, { [keyword]: object({ p: secret }) }))).toThrow(`the keyword '${keyword}'`);
  },
);
