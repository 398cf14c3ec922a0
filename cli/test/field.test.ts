import { fieldsOf, RESERVED_FLAGS } from '@guichet/contract/command-line';
import { describe, expect, it } from 'vitest';
import { parseValue } from '../src/action/parse-value.ts';

const one = (property: unknown, root: Record<string, unknown> = {}) => fieldsOf({ ...root, properties: { field: property } })[0];

describe('the flags of an input', () => {
  it('are in kebab-case and in the order of the author', () => {
    const fields = fieldsOf({ properties: { sourceInstance: {}, replica_suffix: {}, pid: {} } });
    expect(fields.map(({ flag }) => flag)).toEqual(['source-instance', 'replica-suffix', 'pid']);
  });

  it('give way to the flags of every action', () => {
    expect(fieldsOf({ properties: { env: {}, timeout: {}, color: { type: 'boolean' } } }).map(({ flag }) => flag)).toEqual([
      'input-env',
      'input-timeout',
      'input-color',
    ]);
  });

  it('are never the same for two fields, nor for a field and the negation of another', () => {
    const fields = fieldsOf({ properties: { dryRun: {}, dry_run: {}, 'dry-run': {}, force: { type: 'boolean' }, noForce: {} } });
    const flags = fields.map(({ flag }) => flag);
    expect(flags).toEqual(['dry-run', 'input-dry-run', 'input-dry-run-2', 'force', 'input-no-force']);
    expect(flags.some((flag) => RESERVED_FLAGS.has(flag))).toBe(false);
  });

  it.each([
    [{ type: 'string' }, 'text'],
    [{ type: 'integer' }, 'integer'],
    [{ type: 'number' }, 'number'],
    [{ type: 'boolean' }, 'boolean'],
    [{ enum: ['a', 'b'] }, 'choice'],
    [{ const: 'a' }, 'choice'],
    [{ type: 'array', items: { type: 'integer' } }, 'list'],
    [{ type: 'object' }, 'json'],
    [{ anyOf: [{ type: 'integer' }, { type: 'null' }] }, 'integer'],
    [{ type: ['string', 'null'] }, 'text'],
    [{ anyOf: [{ type: 'integer' }, { type: 'string' }] }, 'json'],
    [{}, 'json'],
  ])('take the type of %j', (property, kind) => {
    expect(one(property)?.kind).toBe(kind);
  });

  it('follow references inside the schema, and none that turns in a circle', () => {
    expect(one({ $ref: '#/$defs/Size' }, { $defs: { Size: { type: 'integer' } } })?.kind).toBe('integer');
    expect(one({ $ref: '#/$defs/A' }, { $defs: { A: { $ref: '#/$defs/A' } } })?.kind).toBe('json');
  });

  it('are not required where there is a default', () => {
    const fields = fieldsOf({ properties: { a: { default: 5 }, b: {} }, required: ['a', 'b'] });
    expect(fields.map(({ required }) => required)).toEqual([false, true]);
  });
});

describe('a typed value', () => {
  const field = (kind: 'integer' | 'number' | 'boolean' | 'choice' | 'json' | 'text', choices: (string | number)[] = []) => ({
    kind,
    choices,
  });

  it.each([
    ['14024', field('integer'), 14024],
    ['-3', field('integer'), -3],
    ['0.5', field('number'), 0.5],
    ['yes', field('boolean'), true],
    ['2', field('choice', [1, 2]), 2],
    ['{"a":[1]}', field('json'), { a: [1] }],
    ['plain', field('json'), 'plain'],
    ['007', field('text'), '007'],
  ])('%s is read as what its field wants', (text, of, value) => {
    expect(parseValue(text, of)).toEqual({ ok: true, value });
  });

  it.each([
    ['12.5', field('integer')],
    ['0x1f', field('integer')],
    ['99999999999999999999', field('integer')],
    ['', field('number')],
    ['Infinity', field('number')],
    ['maybe', field('boolean')],
    ['{"a":', field('json')],
  ])('%s is refused where it does not fit', (text, of) => {
    expect(parseValue(text, of).ok).toBe(false);
  });

  it('says which choice was probably meant', () => {
    expect(parseValue('actve', field('choice', ['active', 'idle']))).toMatchObject({ ok: false, remedy: 'Did you mean active?' });
  });
});
