import type { InputSchema } from '../action.ts';
import { SECRET_MARKER } from './marker.ts';

type Schema = Readonly<Record<string, unknown>>;
type Input = Readonly<Record<string, unknown>>;

/** A secret of an input: where it stands (RFC 6901), and what it is. */
export interface SecretValue {
  readonly pointer: string;
  readonly value: unknown;
}

export interface Parted {
  /** The input with SECRET_MARKER where secrets were. */
  readonly shown: Record<string, unknown>;
  /** The input as if the secrets had not been given. */
  readonly rest: Record<string, unknown>;
  readonly secrets: readonly SecretValue[];
}

/** Members of a schema that are schemas for the very same value. */
const SAME_PLACE = ['allOf', 'anyOf', 'oneOf', 'not', 'if', 'then', 'else', 'dependentSchemas', 'dependencies'] as const;
/** Of these, those whose members are schemas by the name of a field. */
const BY_NAME: ReadonlySet<string> = new Set(['dependentSchemas', 'dependencies']);
/** Members of a schema that hold schemas by name, a schema or a list of them, and values that are no schemas. */
const MAPS: ReadonlySet<string> = new Set(['properties', 'patternProperties', '$defs', 'definitions', ...BY_NAME]);
const SCHEMAS: ReadonlySet<string> = new Set([
  ...SAME_PLACE,
  ...['additionalProperties', 'unevaluatedProperties', 'items', 'prefixItems', 'contains', 'unevaluatedItems'],
]);
const VALUES: ReadonlySet<string> = new Set(['default', 'const', 'enum', 'examples']);

/**
 * The secret fields of an action: those whose JSON Schema says `writeOnly: true`, at any depth, in lists and maps and
 * behind references. Where a schema has branches, what one of them calls secret is secret: which branch is meant is not
 * for this to decide. Works on inputs of any shape, valid or not.
 */
export class SecretFields {
  readonly #root: Schema;
  readonly #anchors = new Map<string, Schema>();

  private constructor(schema: Schema) {
    this.#root = schema;
    this.#index(schema);
  }

  /** Undefined when no field is secret. Throws TypeError when a reference or a keyword leads to where secrets cannot be seen. */
  static of(schema: InputSchema): SecretFields | undefined {
    return mentionsSecrets(schema) ? new SecretFields(schema) : undefined;
  }

  /** The input without its secrets, and the secrets. What is absent or null is no secret. */
  takeOut(input: Input): Parted {
    const found = new Map<string, unknown>();
    this.#look([this.#root], input, '', found);
    const secrets = [...found].map(([pointer, value]) => ({ pointer, value }));
    // An object stays one: the root is no secret.
    const shown = replaced(input, '', (pointer) => (found.has(pointer) ? SECRET_MARKER : KEEP)) as Record<string, unknown>;
    const rest = replaced(input, '', (pointer) => (found.has(pointer) ? LEAVE_OUT : KEEP)) as Record<string, unknown>;
    return { shown, rest, secrets };
  }

  /** True when a field at the top, or something in it, is secret whatever it holds. */
  covers(field: string): boolean {
    const schemas = this.#members(this.#closed([this.#root]), field);
    return schemas.some((schema) => mentionsSecrets(this.#closed([schema])));
  }

  #look(schemas: readonly Schema[], value: unknown, pointer: string, found: Map<string, unknown>): void {
    if (value === undefined || value === null) return;
    const here = this.#closed(schemas);
    if (pointer !== '' && here.some(({ writeOnly }) => writeOnly === true)) {
      found.set(pointer, value);
      return;
    }
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) this.#look(itemSchemas(here, index), item, `${pointer}/${index}`, found);
    } else if (typeof value === 'object') {
      const inherited = here.filter(({ writeOnly }) => writeOnly === true); // of the root: then all its fields are secret
      for (const [name, member] of Object.entries(value))
        this.#look([...this.#members(here, name), ...inherited], member, `${pointer}/${escaped(name)}`, found);
    }
  }

  #members(here: readonly Schema[], name: string): Schema[] {
    return here.flatMap(({ properties, patternProperties, additionalProperties, unevaluatedProperties }) => {
      const named = isSchema(properties) && Object.hasOwn(properties, name) ? [properties[name]] : [];
      const matching = isSchema(patternProperties)
        ? Object.entries(patternProperties).flatMap(([pattern, schema]) => (new RegExp(pattern, 'u').test(name) ? [schema] : []))
        : [];
      return [...named, ...matching, additionalProperties, unevaluatedProperties].filter(isSchema);
    });
  }

  /** The schemas, and all that speak of the same value: branches and what references lead to. */
  #closed(schemas: readonly Schema[]): Schema[] {
    const seen = new Set<Schema>();
    const add = (schema: unknown): void => {
      if (!isSchema(schema) || seen.has(schema)) return;
      seen.add(schema);
      for (const reference of [schema['$ref'], schema['$dynamicRef']])
        if (typeof reference === 'string') add(this.#resolved(reference));
      for (const key of SAME_PLACE) {
        const member = schema[key];
        if (Array.isArray(member)) for (const branch of member) add(branch);
        else if (BY_NAME.has(key) && isSchema(member)) for (const branch of Object.values(member)) add(branch);
        else add(member);
      }
    };
    for (const schema of schemas) add(schema);
    return [...seen];
  }

  /** Remembers anchors, and refuses what would let a secret hide. */
  #index(schema: unknown, isRoot = true): void {
    if (Array.isArray(schema)) for (const member of schema) this.#index(member, false);
    if (!isSchema(schema)) return;
    if (!isRoot && typeof schema['$id'] === 'string')
      throw new TypeError(`'$id' stands below the root, and fields are secret: put the schema into $defs without an id`);
    for (const key of ['$anchor', '$dynamicAnchor']) {
      const name = schema[key];
      if (typeof name === 'string') this.#anchors.set(name, schema);
    }
    for (const member of Object.values(schema)) this.#index(member, false);
    if (!isRoot) return;
    refuseHidden(schema);
    this.#followAll(schema);
  }

  #followAll(value: unknown): void {
    if (Array.isArray(value)) for (const member of value) this.#followAll(member);
    if (!isSchema(value)) return;
    for (const reference of [value['$ref'], value['$dynamicRef']])
      if (typeof reference === 'string' && this.#resolved(reference) === undefined)
        throw new TypeError(
          `the reference '${reference}' cannot be followed, and fields are secret: point into the schema itself`,
        );
    for (const member of Object.values(value)) this.#followAll(member);
  }

  #resolved(reference: string): unknown {
    if (!reference.startsWith('#')) return undefined;
    const fragment = decodeURIComponent(reference.slice(1));
    if (fragment === '') return this.#root;
    if (!fragment.startsWith('/')) return this.#anchors.get(fragment);
    return fragment
      .slice(1)
      .split('/')
      .reduce<unknown>((at, part) => memberOf(at, part.replaceAll('~1', '/').replaceAll('~0', '~')), this.#root);
  }
}

/** The whole input again. */
export function putBack(shown: Input, secrets: readonly SecretValue[]): Record<string, unknown> {
  const values = new Map(secrets.map(({ pointer, value }) => [pointer, value]));
  const by = (pointer: string): unknown => (values.has(pointer) ? values.get(pointer) : KEEP);
  return replaced(shown, '', by) as Record<string, unknown>; // as in takeOut
}

const KEEP = Symbol('keep');
const LEAVE_OUT = Symbol('leave out');

/** A copy in which `by` says what stands at each place. */
function replaced(value: unknown, pointer: string, by: (pointer: string) => unknown): unknown {
  const other = by(pointer);
  if (other !== KEEP) return other;
  const present = (member: unknown): boolean => member !== LEAVE_OUT;
  if (Array.isArray(value)) return value.map((item, index) => replaced(item, `${pointer}/${index}`, by)).filter(present);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(
    ([name, member]) => [name, replaced(member, `${pointer}/${escaped(name)}`, by)] as const,
  );
  return Object.fromEntries(members.filter(([, member]) => present(member)));
}

function itemSchemas(here: readonly Schema[], index: number): Schema[] {
  return here.flatMap(({ prefixItems, items, contains, unevaluatedItems }) =>
    [Array.isArray(prefixItems) ? prefixItems[index] : undefined, items, contains, unevaluatedItems].filter(isSchema),
  );
}

/** Refuses secrets under a keyword that is not looked into: they would be taken for plain fields. */
function refuseHidden(schema: unknown): void {
  if (Array.isArray(schema)) for (const member of schema) refuseHidden(member);
  if (!isSchema(schema)) return;
  for (const [keyword, member] of Object.entries(schema)) {
    if (MAPS.has(keyword) && isSchema(member)) for (const each of Object.values(member)) refuseHidden(each);
    else if (SCHEMAS.has(keyword)) refuseHidden(member);
    else if (!VALUES.has(keyword) && mentionsSecrets(member))
      throw new TypeError(`secret fields under the keyword '${keyword}' cannot be seen: use properties`);
  }
}

function mentionsSecrets(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (!Array.isArray(value) && (value as Schema)['writeOnly'] === true) return true; // an object, looked at above
  return Object.values(value).some(mentionsSecrets);
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Schema)[name]; // an object that has it, looked at above
}

const escaped = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');
