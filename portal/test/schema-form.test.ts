import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { isoDuration, parseDuration } from '../src/schema-form/duration.ts';
import { checkOf } from '../src/schema-form/findings.ts';
import type { Schema } from '../src/schema-form/schema.ts';
import { type Described, describedBy, wordsOf } from '../src/schema-form/shape.ts';
import { initialValue, plain, Unread, unreadIn } from '../src/schema-form/value.ts';
import { carriedOver, variantOf } from '../src/schema-form/variant.ts';
import { asText, fromText } from '../src/schema-form/whole-text.ts';

const jsonSchema = (schema: z.ZodType): Schema => z.toJSONSchema(schema, { io: 'input', target: 'draft-2020-12' });
const shown = (field: z.ZodType): Described => {
  const root = jsonSchema(field);
  return describedBy(root, root);
};
const kindOf = (field: z.ZodType): string => shown(field).shape.kind;

describe('a field is drawn as what its schema asks for', () => {
  test.each([
    ['text', z.string()],
    ['text', z.email()],
    ['text', z.iso.datetime()],
    ['text', z.string().regex(/^\d+$/)],
    ['number', z.int().min(1)],
    ['number', z.number().nullable()],
    ['boolean', z.boolean().default(false)],
    ['choice', z.enum(['cancel', 'terminate'])],
    ['choice', z.literal(['a', 1, true])],
    ['choice', z.union([z.literal('a').describe('the first'), z.enum(['b', 'c'])])],
    ['constant', z.literal('postgres')],
    ['object', z.object({ a: z.string() })],
    ['object', z.intersection(z.object({ a: z.string() }), z.object({ b: z.int() }))],
    ['list', z.array(z.string())],
    ['tuple', z.tuple([z.string(), z.int()])],
    ['record', z.record(z.string(), z.int())],
    ['union', z.union([z.string(), z.int()])],
    ['union', z.discriminatedUnion('kind', [z.object({ kind: z.literal('a') }), z.object({ kind: z.literal('b') })])],
    ['json', z.unknown()],
    ['json', z.looseObject({})],
  ])('%s', (kind, schema) => {
    expect(kindOf(schema)).toBe(kind);
  });

  test('null is a value of its own, beside any shape', () => {
    for (const schema of [z.string().nullable(), z.enum(['a']).nullable(), z.object({ a: z.int() }).nullable()])
      expect(shown(schema).nullable).toBe(true);
    expect(shown(z.string()).nullable).toBe(false);
    expect(shown(z.union([z.string(), z.int(), z.null()]))).toMatchObject({ nullable: true, shape: { kind: 'union' } });
  });

  test('variants are called by what tells them apart', () => {
    const { shape } = shown(
      z.discriminatedUnion('kind', [
        z.object({ kind: z.literal('session'), pid: z.int() }),
        z.object({ kind: z.literal('group'), query: z.string() }),
      ]),
    );
    expect(shape.kind === 'union' && shape.variants.map(({ label }) => label)).toEqual(['session', 'group']);
  });

  test('both parts of an intersection are drawn, and what both say of a field holds', () => {
    const root: Schema = {
      allOf: [
        { type: 'object', properties: { size: { type: 'integer', minimum: 1 } }, required: ['size'] },
        { properties: { size: { maximum: 5, writeOnly: true }, name: { type: 'string' } }, required: ['name'] },
      ],
    };
    const { shape } = describedBy(root, root);
    if (shape.kind !== 'object') throw new Error(shape.kind);
    expect(shape.members.map(({ name, required }) => [name, required])).toEqual([
      ['size', true],
      ['name', true],
    ]);
    expect(describedBy(shape.members[0]?.schema, root)).toMatchObject({
      secret: true,
      schema: { minimum: 1, maximum: 5 },
      shape: { kind: 'number', whole: true },
    });
  });

  test('a secret stays one behind a reference, and shows neither its default nor its examples', () => {
    const root: Schema = {
      $defs: { password: { type: 'string', writeOnly: true, default: 'hunter2', examples: ['hunter2'] } },
      properties: { password: { $ref: '#/$defs/password', description: 'Of the new role' } },
    };
    const { shape } = describedBy(root, root);
    const member = shape.kind === 'object' ? shape.members[0]?.schema : undefined;
    expect(describedBy(member, root)).toMatchObject({
      secret: true,
      fallback: undefined,
      examples: [],
      about: 'Of the new role',
    });
  });

  test('a schema that holds itself is described as far as it is drawn', () => {
    const node = z.object({
      name: z.string(),
      get children() {
        return z.array(node).optional();
      },
    });
    const root = jsonSchema(z.object({ tree: node }));
    expect(initialValue(root, root)).toEqual({ tree: {} });
  });

  test('a default makes a field optional to whoever fills it in', () => {
    const root: Schema = { properties: { a: { type: 'integer', default: 5 } }, required: ['a'] };
    const { shape } = describedBy(root, root);
    expect(shape.kind === 'object' && shape.members[0]?.required).toBe(false);
    expect(checkOf(root)({})).toEqual([]);
  });

  test.each([
    ['sourceInstance', 'Source instance'],
    ['replica_suffix', 'Replica suffix'],
    ['pid', 'PID'],
    ['sql', 'SQL'],
    ['instanceId', 'Instance ID'],
    ['URL', 'URL'],
  ])('%s is called %s', (name, words) => {
    expect(wordsOf(name)).toBe(words);
  });
});

describe('what a form holds', () => {
  test('begins with what can be nothing else, and with lists and objects that have a default', () => {
    const root = jsonSchema(
      z.object({
        kind: z.literal('a'),
        list: z.array(z.string()).default(['x']),
        pair: z.tuple([z.string(), z.int()]),
        names: z.record(z.string(), z.int()),
        some: z.array(z.int()).min(2),
        text: z.string(),
        maybe: z.object({ a: z.string() }).optional(),
        number: z.int().default(5),
      }),
    );
    expect(initialValue(root, root)).toEqual({
      kind: 'a',
      list: ['x'],
      pair: [undefined, undefined],
      names: {},
      some: [undefined, undefined],
    });
  });

  test('is sent without what is missing, and is not sent with what is unread', () => {
    const value = { a: undefined, list: ['x', new Unread('1x', 'whole')], json: new Unread('{', 'json') };
    expect(plain(value)).toEqual({ list: ['x', '1x'], json: '{' });
    expect(unreadIn(value).map(([pointer, { wanted }]) => [pointer, wanted])).toEqual([
      ['/list/1', 'whole'],
      ['/json', 'json'],
    ]);
    const root = jsonSchema(z.object({ json: z.unknown(), count: z.int() }));
    expect(checkOf(root)({ json: new Unread('{', 'json'), count: new Unread('1x', 'whole') })).toEqual([
      { pointer: '/json', wrong: { kind: 'json' } },
      { pointer: '/count', wrong: { kind: 'whole' } },
    ]);
  });

  test('goes to JSON and back; a secret is marked there, and comes back where its mark still stands', () => {
    const root = jsonSchema(z.object({ role: z.string(), password: z.string().meta({ writeOnly: true }) }));
    const before = { role: 'app', password: 'hunter2' };
    const text = asText(root, before);
    expect(text).not.toContain('hunter2');
    expect(fromText(root, text.replace('app', 'admin'), before)).toEqual({ role: 'admin', password: 'hunter2' });
    expect(fromText(root, '{"role":"x","password":"other"}', before)).toEqual({ role: 'x', password: 'other' });
    expect(fromText(root, '{"role":"x"}', before)).toEqual({ role: 'x' });
    expect(fromText(root, '{"role":', before)).toBeUndefined();
    expect(fromText(root, '[1]', before)).toBeUndefined();
  });
});

describe('a choice of shapes', () => {
  const root = jsonSchema(
    z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('session'), instance: z.string(), pid: z.int() }),
      z.strictObject({ kind: z.literal('group'), instance: z.string(), pid: z.string() }),
    ]),
  );
  const { shape } = describedBy(root, root);
  const variants = shape.kind === 'union' ? shape.variants : [];

  test('is the one whose constant the value holds', () => {
    expect(variantOf({ kind: 'group' }, variants, root)).toBe(1);
    expect(variantOf({ kind: 'none' }, variants, root)).toBeUndefined();
    expect(variantOf(undefined, variants, root)).toBeUndefined();
  });

  test('keeps what fits when another is chosen', () => {
    const value = { kind: 'session', instance: 'pg1', pid: 42 };
    expect(carriedOver(value, variants[1]?.schema ?? {}, root)).toEqual({ kind: 'group', instance: 'pg1' });
    expect(carriedOver({ kind: 'group', instance: 'pg1', pid: 'x' }, variants[0]?.schema ?? {}, root)).toEqual({
      kind: 'session',
      instance: 'pg1',
    });
  });
});

describe('a length of time', () => {
  test.each([
    ['90s', 90],
    ['10m', 600],
    ['1h30m', 5400],
    ['1 h 30 min', 5400],
    ['2d', 172_800],
    ['1,5h', 5400],
    ['PT15M', 900],
    ['P1DT2H', 93_600],
    ['PT0.5S', 0.5],
  ])('%s is %d seconds', (text, seconds) => {
    expect(parseDuration(text)).toBe(seconds);
  });

  test.each(['', 'P', 'PT', '5', 'soon', '2 fortnights', 'P1Y', '1h30'])('%j is none', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  test.each([
    [5400, 'PT1H30M'],
    [90_000, 'PT25H'],
    [3601, 'PT1H0M1S'],
    [0, 'PT0S'],
  ])('%d seconds are sent as %s, which is valid', (seconds, iso) => {
    expect(isoDuration(seconds)).toBe(iso);
    expect(checkOf({ properties: { at: { type: 'string', format: 'duration' } } })({ at: iso })).toEqual([]);
  });
});
