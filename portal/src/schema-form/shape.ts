import { isSchema, resolved, type Schema, UNDRAWABLE } from './schema.ts';

export type Scalar = string | number | boolean | null;

export interface ChoiceOf {
  readonly value: Scalar;
  readonly label: string;
  readonly about?: string | undefined;
}

export interface Member {
  readonly name: string;
  readonly schema: unknown;
  readonly required: boolean;
}

export interface Variant {
  readonly schema: Schema;
  readonly label: string;
}

/** How a value is typed in. What is inside is described when it is drawn, so that a schema may hold itself. */
export type Shape =
  | { readonly kind: 'text'; readonly format: string | undefined; readonly multiline: boolean }
  | { readonly kind: 'number'; readonly whole: boolean }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'choice'; readonly choices: readonly ChoiceOf[] }
  | { readonly kind: 'constant'; readonly value: unknown }
  | { readonly kind: 'object'; readonly members: readonly Member[]; readonly others: unknown }
  | { readonly kind: 'list'; readonly item: unknown; readonly least: number; readonly most: number }
  | { readonly kind: 'tuple'; readonly items: readonly unknown[]; readonly rest: unknown; readonly most: number }
  | { readonly kind: 'record'; readonly value: unknown; readonly names: readonly string[] | undefined }
  | { readonly kind: 'union'; readonly variants: readonly Variant[] }
  | { readonly kind: 'json' };

/** One value of an input, as a form shows it. */
export interface Described {
  readonly shape: Shape;
  readonly schema: Schema;
  /** Null is a value of its own, besides what the shape says. */
  readonly nullable: boolean;
  readonly title: string | undefined;
  readonly about: string | undefined;
  readonly fallback: unknown;
  readonly examples: readonly unknown[];
  /** For the provider alone: typed without being shown, in no address, kept nowhere. */
  readonly secret: boolean;
  readonly deprecated: boolean;
  readonly readOnly: boolean;
}

const described = new WeakMap<Schema, WeakMap<Schema, Described>>();
const NOTHING_SAID: Schema = {};

/** What a schema asks for. The same schema gives the same object, so that nothing is drawn anew for it. */
export function describedBy(schema: unknown, root: Schema): Described {
  const key = isSchema(schema) ? schema : NOTHING_SAID;
  const known = described.get(root) ?? new WeakMap<Schema, Described>();
  described.set(root, known);
  const made = known.get(key) ?? look(key, root);
  known.set(key, made);
  return made;
}

function look(schema: Schema, root: Schema): Described {
  const { whole, nullable } = withoutNull(resolved(schema, root), root);
  const secret = whole['writeOnly'] === true;
  return {
    shape: shapeOf(whole, root),
    schema: whole,
    nullable,
    title: textOf(whole['title']),
    about: textOf(whole['description']),
    fallback: secret ? undefined : whole['default'],
    examples: secret ? [] : Array.isArray(whole['examples']) ? whole['examples'] : [],
    secret,
    deprecated: whole['deprecated'] === true,
    readOnly: whole['readOnly'] === true,
  };
}

const isNull = (schema: unknown): boolean =>
  isSchema(schema) && (schema['type'] === 'null' || ('const' in schema && schema['const'] === null));

/** Null is shown as a value that is left out or set, not as one of several shapes. */
function withoutNull(schema: Schema, root: Schema): { whole: Schema; nullable: boolean } {
  const types = schema['type'];
  if (Array.isArray(types) && types.includes('null')) {
    const rest = types.filter((type) => type !== 'null');
    return { whole: { ...withoutNullValues(schema), type: rest.length === 1 ? rest[0] : rest }, nullable: true };
  }
  if (Array.isArray(schema['enum']) && schema['enum'].includes(null) && schema['enum'].length > 1)
    return { whole: withoutNullValues(schema), nullable: true };
  const word = unionWord(schema);
  if (word === undefined) return { whole: schema, nullable: false };
  const { [word]: members, ...beside } = schema;
  const all = (members as unknown[]).map((member) => resolved(member, root)); // unionWord saw a list
  const rest = all.filter((member) => !isNull(member));
  const only = rest.length === 1 ? rest[0] : undefined;
  if (only !== undefined) {
    const inner = withoutNull({ ...only, ...beside }, root);
    return { whole: inner.whole, nullable: inner.nullable || rest.length < all.length };
  }
  return { whole: { ...schema, [word]: rest }, nullable: rest.length < all.length };
}

function withoutNullValues(schema: Schema): Schema {
  return Array.isArray(schema['enum']) ? { ...schema, enum: schema['enum'].filter((value) => value !== null) } : schema;
}

function unionWord(schema: Schema): 'anyOf' | 'oneOf' | undefined {
  return (['anyOf', 'oneOf'] as const).find((word) => Array.isArray(schema[word]) && schema[word].length > 0);
}

function shapeOf(schema: Schema, root: Schema): Shape {
  if (UNDRAWABLE in schema) return { kind: 'json' };
  if ('const' in schema) return { kind: 'constant', value: schema['const'] };
  const listed = schema['enum'];
  if (Array.isArray(listed)) return listed.every(isScalar) ? choiceOf(listed.map(plainChoice)) : { kind: 'json' };
  const word = unionWord(schema);
  if (word !== undefined) return unionOf(schema, word, root);
  if (Array.isArray(schema['type'])) return typesOf(schema, schema['type']);
  switch (schema['type'] ?? impliedType(schema)) {
    case 'string':
      return textShape(schema);
    case 'integer':
    case 'number':
      return { kind: 'number', whole: schema['type'] === 'integer' };
    case 'boolean':
      return { kind: 'boolean' };
    case 'array':
      return arrayOf(schema);
    case 'object':
      return objectOf(schema, root);
    default:
      return { kind: 'json' };
  }
}

/** A schema need not name the type that its words are about. */
function impliedType(schema: Schema): string | undefined {
  if (isSchema(schema['properties'])) return 'object';
  if (schema['items'] !== undefined || Array.isArray(schema['prefixItems'])) return 'array';
  return schema['pattern'] !== undefined || schema['format'] !== undefined ? 'string' : undefined;
}

const MULTILINE = 300;

function textShape(schema: Schema): Shape {
  const most = schema['maxLength'];
  return {
    kind: 'text',
    format: textOf(schema['format']),
    multiline: schema['format'] === undefined && typeof most === 'number' && most >= MULTILINE,
  };
}

const choiceOf = (choices: readonly ChoiceOf[]): Shape => ({ kind: 'choice', choices });
const plainChoice = (value: Scalar): ChoiceOf => ({ value, label: String(value) });

function unionOf(schema: Schema, word: 'anyOf' | 'oneOf', root: Schema): Shape {
  const { [word]: members, ...beside } = schema;
  const all = (members as unknown[]).map((member) => resolved(member, root)); // unionWord saw a list
  const choices = all.flatMap(choicesIn);
  if (all.every((member) => choicesIn(member).length > 0)) return choiceOf(choices);
  const { description: _, title: __, default: ___, ...shared } = beside;
  const variants = all.map((member): Variant => ({ schema: { ...shared, ...member }, label: '' }));
  return { kind: 'union', variants: labelled(variants, root) };
}

function choicesIn(schema: Schema): ChoiceOf[] {
  const about = textOf(schema['description']);
  if ('const' in schema && isScalar(schema['const']))
    return [{ value: schema['const'], label: textOf(schema['title']) ?? String(schema['const']), about }];
  return Array.isArray(schema['enum']) && schema['enum'].every(isScalar) ? schema['enum'].map(plainChoice) : [];
}

/** What tells variants apart: their title, the value of the member that is constant in all of them, else what they hold. */
function labelled(variants: readonly Variant[], root: Schema): Variant[] {
  const tags = variants.map(({ schema }) => constantsOf(schema, root));
  const tag = [...(tags[0]?.keys() ?? [])].find(
    (name) => tags.every((own) => own.has(name)) && new Set(tags.map((own) => own.get(name))).size === tags.length,
  );
  return variants.map(({ schema }, index) => {
    const constant = tag === undefined ? undefined : tags[index]?.get(tag);
    return { schema, label: textOf(schema['title']) ?? (constant === undefined ? contentsOf(schema) : String(constant)) };
  });
}

export function constantsOf(schema: Schema, root: Schema): Map<string, unknown> {
  const members = isSchema(schema['properties']) ? Object.entries(schema['properties']) : [];
  return new Map(
    members.flatMap(([name, member]) => {
      const whole = resolved(member, root);
      return 'const' in whole ? [[name, whole['const']] as const] : [];
    }),
  );
}

function contentsOf(schema: Schema): string {
  if ('const' in schema) return JSON.stringify(schema['const']);
  if (isSchema(schema['properties'])) return Object.keys(schema['properties']).join(', ');
  return textOf(schema['format']) ?? textOf(schema['type']) ?? 'JSON';
}

function typesOf(schema: Schema, types: readonly unknown[]): Shape {
  const variants = types.map((type) => ({ schema: { ...schema, type }, label: String(type) }));
  return { kind: 'union', variants };
}

function arrayOf(schema: Schema): Shape {
  const most = typeof schema['maxItems'] === 'number' ? schema['maxItems'] : Number.POSITIVE_INFINITY;
  const least = typeof schema['minItems'] === 'number' ? schema['minItems'] : 0;
  const first = schema['prefixItems'];
  if (Array.isArray(first))
    return { kind: 'tuple', items: first, rest: isSchema(schema['items']) ? schema['items'] : undefined, most };
  return isSchema(schema['items']) ? { kind: 'list', item: schema['items'], least, most } : { kind: 'json' };
}

function objectOf(schema: Schema, root: Schema): Shape {
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  const properties = isSchema(schema['properties']) ? schema['properties'] : {};
  const members = Object.entries(properties).map(
    ([name, member]): Member => ({
      name,
      schema: member,
      // A default makes a field optional to whoever fills it in.
      required: required.includes(name) && resolved(member, root)['default'] === undefined,
    }),
  );
  const others = isSchema(schema['additionalProperties']) ? schema['additionalProperties'] : undefined;
  if (members.length > 0) return { kind: 'object', members, others };
  if (schema['additionalProperties'] === false) return { kind: 'object', members, others: undefined };
  if (others === undefined || Object.keys(others).length === 0) return { kind: 'json' };
  const names = resolved(schema['propertyNames'], root)['enum'];
  return { kind: 'record', value: others, names: Array.isArray(names) ? names.map(String) : undefined };
}

function isScalar(value: unknown): value is Scalar {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

const INITIALS = /\b(?:sql|id|pid|url|uri|ip|arn|vpc|iban|utc|json|api|dns|cpu)\b/gi;

/** `sourceInstance` and `source_instance` as people write them: `Source instance`. */
export function wordsOf(name: string): string {
  const words = name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll(/[_-]+/g, ' ')
    .trim();
  const lower = words.replaceAll(/\b[A-Z][a-z]+/g, (word) => word.toLowerCase());
  const spelled = lower.replaceAll(INITIALS, (word) => word.toUpperCase());
  return spelled === '' ? name : spelled[0]?.toUpperCase() + spelled.slice(1);
}
