import { type Schema as CheckedSchema, type OutputUnit, Validator } from '@cfworker/json-schema';
import { isSchema, resolved, type Schema, targetOf } from './schema.ts';
import { emptyIn, plain, step, unreadIn, withDefaults } from './value.ts';

/** What is wrong with a value, to be said in the reader's language. */
export type Wrong =
  | { readonly kind: 'required' | 'unknownField' | 'duplicates' | 'shapes' | 'invalid' | 'number' | 'whole' | 'json' | 'names' }
  | { readonly kind: 'oneOf'; readonly values: readonly string[] }
  | { readonly kind: 'constant'; readonly value: string }
  | { readonly kind: 'type'; readonly types: readonly string[] }
  | { readonly kind: 'format'; readonly format: string }
  | { readonly kind: 'pattern'; readonly pattern: string }
  | { readonly kind: 'multipleOf'; readonly of: number }
  | {
      readonly kind: 'bound';
      readonly of: 'number' | 'string' | 'array' | 'object';
      readonly side: 'min' | 'max';
      readonly limit: number;
      readonly inclusive: boolean;
    };

export interface Finding {
  /** Of the field, below the input: the gateway's pointer without its `/input`. */
  readonly pointer: string;
  readonly wrong: Wrong;
}

/** Finds what is wrong with a value of a form. */
export type Check = (value: unknown) => Finding[];

/** A check that agrees with the gateway's about what is wrong, and where. */
export function checkOf(schema: Schema): Check {
  // The validator writes notes into what it is given.
  const own = structuredClone(schema) as CheckedSchema; // JSON, as the gateway took it
  const validator = new Validator(own, '2020-12', false);
  return (value) => {
    const unread = unreadIn(value);
    const whole = withDefaults(schema, plain(value), schema);
    const found = validator.validate(whole).errors;
    const said = new Reading(schema, whole).findings(found);
    const typed = unread.map(([pointer, { wanted }]): Finding => {
      return { pointer, wrong: wanted === 'duration' ? { kind: 'format', format: 'duration' } : { kind: wanted } };
    });
    const isUnread = (pointer: string): boolean => unread.some(([at]) => pointer === at || pointer.startsWith(`${at}/`));
    const empty = new Set(emptyIn(value));
    const named = said.map((one): Finding => (empty.has(one.pointer) ? { ...one, wrong: { kind: 'required' } } : one));
    return unique([...typed, ...named.filter(({ pointer }) => !isUnread(pointer))]);
  };
}

function unique(findings: readonly Finding[]): Finding[] {
  const seen = new Set<string>();
  return findings.filter((finding) => {
    const key = JSON.stringify(finding);
    return !seen.has(key) && seen.add(key);
  });
}

const BOUNDS: Readonly<Record<string, readonly ['number' | 'string' | 'array' | 'object', 'min' | 'max', boolean]>> = {
  minimum: ['number', 'min', true],
  maximum: ['number', 'max', true],
  exclusiveMinimum: ['number', 'min', false],
  exclusiveMaximum: ['number', 'max', false],
  minLength: ['string', 'min', true],
  maxLength: ['string', 'max', true],
  minItems: ['array', 'min', true],
  maxItems: ['array', 'max', true],
  minProperties: ['object', 'min', true],
  maxProperties: ['object', 'max', true],
};
/** These only repeat that something inside of them is wrong, which has an entry of its own. */
const REPEATS: ReadonlySet<string> = new Set(
  '$ref $dynamicRef allOf properties patternProperties items prefixItems additionalItems if dependentSchemas propertyNames false'.split(
    ' ',
  ),
);

const NAMES = /(?<!\/properties)\/propertyNames\//;

/** Reads what the validator says of one value. */
class Reading {
  readonly #root: Schema;
  readonly #value: unknown;

  constructor(root: Schema, value: unknown) {
    this.#root = root;
    this.#value = value;
  }

  findings(errors: readonly OutputUnit[]): Finding[] {
    const union = errors.find(({ keyword }) => keyword === 'anyOf' || keyword === 'oneOf');
    if (union === undefined) return errors.flatMap((error) => this.#one(error));
    const isInside = (error: OutputUnit): boolean => error.keywordLocation.startsWith(`${union.keywordLocation}/`);
    const inside = errors.filter(isInside);
    const outside = errors.filter((error) => error !== union && !isInside(error));
    return [...this.findings(outside), ...this.#nearest(union, inside)];
  }

  /** Of the shapes that a value may have, the one that it comes nearest to says what is wrong. */
  #nearest(union: OutputUnit, inside: readonly OutputUnit[]): Finding[] {
    const branches = new Map<string, OutputUnit[]>();
    for (const error of inside) {
      const branch = error.keywordLocation.slice(union.keywordLocation.length + 1).split('/')[0] ?? '';
      branches.set(branch, [...(branches.get(branch) ?? []), error]);
    }
    const far = (errors: readonly OutputUnit[]): number =>
      errors.reduce((sum, { keyword, instanceLocation }) => {
        if (REPEATS.has(keyword)) return sum;
        if (instanceLocation === union.instanceLocation) return sum + (keyword === 'type' ? 1000 : 10);
        return sum + (keyword === 'const' ? 100 : 1);
      }, 0);
    const nearest = [...branches.values()].sort((a, b) => far(a) - far(b))[0];
    const pointer = pointerOf(union.instanceLocation);
    if (nearest === undefined) return [{ pointer, wrong: { kind: 'shapes' } }];
    const found = this.findings(nearest);
    return found.length === 0 ? [{ pointer, wrong: { kind: 'shapes' } }] : found;
  }

  #one({ keyword, instanceLocation, keywordLocation, error }: OutputUnit): Finding[] {
    const place = pointerOf(instanceLocation);
    // A wrong name is told where the names are, as the gateway does: there is no field for a name.
    const pointer = NAMES.test(keywordLocation) ? place.slice(0, place.lastIndexOf('/')) : place;
    const at = (wrong: Wrong): Finding[] => [{ pointer, wrong }];
    const schema = this.#parentOf(keywordLocation);
    const said = schema[keyword];
    if (REPEATS.has(keyword)) return [];
    const bound = BOUNDS[keyword];
    if (bound !== undefined) {
      const [of, side, inclusive] = bound;
      return at({ kind: 'bound', of, side, limit: Number(said), inclusive });
    }
    switch (keyword) {
      case 'required':
      case 'dependentRequired':
        return this.#missing(schema, keyword, instanceLocation);
      case 'additionalProperties':
      case 'unevaluatedProperties':
        if (said !== false) return [];
        // It names the field in its words alone.
        return [
          { pointer: step(pointer, /^Property "(.*)" does not match/s.exec(error)?.[1] ?? ''), wrong: { kind: 'unknownField' } },
        ];
      case 'enum':
        return at({ kind: 'oneOf', values: Array.isArray(said) ? said.map(String) : [] });
      case 'const':
        return at({ kind: 'constant', value: JSON.stringify(said) });
      case 'type':
        return at({ kind: 'type', types: [said].flat().map(String) });
      case 'format':
        return at({ kind: 'format', format: String(said) });
      case 'pattern':
        return at({ kind: 'pattern', pattern: String(said) });
      case 'multipleOf':
        return at({ kind: 'multipleOf', of: Number(said) });
      case 'uniqueItems':
        return at({ kind: 'duplicates' });
      default:
        return at({ kind: 'invalid' });
    }
  }

  #missing(schema: Schema, keyword: 'required' | 'dependentRequired', location: string): Finding[] {
    const pointer = pointerOf(location);
    const value = valueAt(this.#value, pointer);
    const has = (name: unknown): boolean => isSchema(value) && Object.hasOwn(value, String(name));
    const said = schema[keyword];
    const names =
      keyword === 'required'
        ? said
        : Object.entries(isSchema(said) ? said : {}).flatMap(([name, needed]) => (has(name) ? needed : []));
    return (Array.isArray(names) ? names : [])
      .filter((name) => !has(name))
      .map((name): Finding => ({ pointer: step(pointer, String(name)), wrong: { kind: 'required' } }));
  }

  /** The schema that holds the keyword at a location such as `#/properties/size/$ref/minimum`. */
  #parentOf(location: string): Schema {
    let at: unknown = this.#root;
    for (const part of partsOf(pointerOf(location)).slice(0, -1)) {
      if (part === '$ref' && isSchema(at)) at = targetOf(String(at['$ref']), this.#root);
      else if (Array.isArray(at)) at = at[Number(part)];
      // A list has one schema for all its items, and the location names the item.
      else at = isSchema(at) && Object.hasOwn(at, part) ? at[part] : at;
    }
    return isSchema(at) ? at : resolved(at, this.#root);
  }
}

/** The validator writes pointers as the fragment of an address. */
const pointerOf = (location: string): string => decodeURIComponent(location.replace(/^#/, ''));

const partsOf = (pointer: string): string[] =>
  pointer === ''
    ? []
    : pointer
        .slice(1)
        .split('/')
        .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));

function valueAt(value: unknown, pointer: string): unknown {
  return partsOf(pointer).reduce<unknown>((at, part) => {
    if (Array.isArray(at)) return at[Number(part)];
    return isSchema(at) && Object.hasOwn(at, part) ? at[part] : undefined;
  }, value);
}

/** Where the gateway found a field wrong, as a pointer below the input; undefined when it is none of the input. */
export function belowInput(field: string): string | undefined {
  if (field === '/input') return '';
  return field.startsWith('/input/') ? field.slice('/input'.length) : undefined;
}
