import type { InputSchema } from '../action.ts';
import { SecretFields } from '../secrets/secret-fields.ts';

/** How the value of a field is typed on a command line. */
export type FieldKind = 'text' | 'integer' | 'number' | 'boolean' | 'choice' | 'list' | 'json';

/** One field of an action's input, with the flag that sets it. */
export interface Field {
  readonly name: string;
  /** Without its dashes. */
  readonly flag: string;
  readonly kind: FieldKind;
  /** choice: what it can be. */
  readonly choices: readonly (string | number)[];
  /** list: how each of its items is typed. */
  readonly item?: Pick<Field, 'kind' | 'choices'> | undefined;
  readonly description: string;
  readonly required: boolean;
  readonly fallback?: unknown;
  /** Its value, or a part of it, is for the provider alone: never typed on the command line, never shown. */
  readonly secret: boolean;
}

/** Flags of every action, which a field of the same name gives way to by taking the prefix `input-`. */
export const RESERVED_FLAGS: ReadonlySet<string> = new Set([
  'approval-description',
  'break-glass',
  'color',
  'comment',
  'env',
  'help',
  'idempotency-key',
  'incident',
  'input',
  'no-color',
  'no-wait',
  'output',
  'output-file',
  'plan',
  'profile',
  'reason',
  'timeout',
  'version',
  'wait',
  'watch',
  'yes',
]);

type Schema = Readonly<Record<string, unknown>>;

/** The fields of an action's input, in the order in which its author wrote them. */
export function fieldsOf(input: InputSchema): Field[] {
  const properties = isSchema(input['properties']) ? input['properties'] : {};
  const required = Array.isArray(input['required']) ? input['required'] : [];
  const taken = new Set(RESERVED_FLAGS);
  const isSecret = secretsOf(input);
  return Object.entries(properties).map(([name, property]) => {
    const schema = resolve(isSchema(property) ? property : {}, input);
    const fallback = schema['default'];
    const shape = shapeOf(schema, input);
    return {
      name,
      flag: freeFlag(name, { taken, negatable: shape.kind === 'boolean' }),
      ...shape,
      description: typeof schema['description'] === 'string' ? schema['description'] : '',
      // A default makes a field optional to the caller, whatever the schema of the result says.
      required: required.includes(name) && fallback === undefined,
      ...(fallback !== undefined && { fallback }),
      secret: isSecret(name),
    };
  });
}

function secretsOf(input: InputSchema): (name: string) => boolean {
  try {
    const secrets = SecretFields.of(input);
    return (name) => secrets?.covers(name) ?? false;
  } catch {
    return () => true; // a schema that hides where its secrets are: no gateway takes it, and nothing of it is shown
  }
}

function freeFlag(name: string, { taken, negatable }: { taken: Set<string>; negatable: boolean }): string {
  const own = kebab(name);
  let flag = own;
  for (let round = 0; taken.has(flag) || (negatable && taken.has(`no-${flag}`)); round++)
    flag = `input-${own}${round === 0 ? '' : `-${round + 1}`}`;
  taken.add(flag);
  if (negatable) taken.add(`no-${flag}`);
  return flag;
}

/** `sourceInstance` and `source_instance` are typed `--source-instance`. */
export function kebab(name: string): string {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replaceAll(/[^A-Za-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .toLowerCase();
}

function shapeOf(schema: Schema, root: Schema): Pick<Field, 'kind' | 'choices' | 'item'> {
  const simple = (kind: FieldKind): Pick<Field, 'kind' | 'choices'> => ({ kind, choices: [] });
  const choices = choicesOf(schema);
  if (choices !== undefined) return { kind: 'choice', choices };
  switch (typeOf(schema)) {
    case 'string':
      return simple('text');
    case 'integer':
      return simple('integer');
    case 'number':
      return simple('number');
    case 'boolean':
      return simple('boolean');
    case 'array': {
      const item = shapeOf(resolve(isSchema(schema['items']) ? schema['items'] : {}, root), root);
      return { kind: 'list', choices: [], item: { kind: item.kind, choices: item.choices } };
    }
    default:
      return simple('json');
  }
}

function choicesOf(schema: Schema): (string | number)[] | undefined {
  const values = Array.isArray(schema['enum']) ? schema['enum'] : 'const' in schema ? [schema['const']] : undefined;
  const typed = values?.filter((value) => typeof value === 'string' || typeof value === 'number');
  return typed !== undefined && typed.length > 0 ? typed : undefined;
}

/** The one type besides null that it can be. */
function typeOf(schema: Schema): unknown {
  const type = schema['type'];
  if (!Array.isArray(type)) return type;
  const types = type.filter((one) => one !== 'null');
  return types.length === 1 ? types[0] : undefined;
}

/** Follows a reference inside the document, and sees through "this or null". */
function resolve(schema: Schema, root: Schema, depth = 0): Schema {
  if (depth > 10) return {};
  const reference = schema['$ref'];
  if (typeof reference === 'string' && reference.startsWith('#/')) {
    const target = reference
      .slice(2)
      .split('/')
      .reduce<unknown>((at, key) => (isSchema(at) ? at[key] : undefined), root);
    return { ...resolve(isSchema(target) ? target : {}, root, depth + 1), ...withoutReference(schema) };
  }
  const union = schema['anyOf'] ?? schema['oneOf'];
  if (!Array.isArray(union)) return schema;
  const real = union.filter((one) => isSchema(one) && one['type'] !== 'null');
  return real.length === 1 ? { ...resolve(real[0], root, depth + 1), ...schema } : schema;
}

function withoutReference({ $ref: _, ...rest }: Schema): Schema {
  return rest;
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
