import { type FieldError, GuichetError, type InputSchema } from '@guichet/contract';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

/** No coercion ("5" is not 5) and nothing removed: what is approved is what was sent, with its defaults. */
const ajv = new Ajv2020({
  allErrors: true,
  useDefaults: true,
  coerceTypes: false,
  removeAdditional: false,
  strict: false,
  verbose: true,
});
// The types of ajv-formats name the CommonJS default export, Node gives the function itself.
(addFormats as unknown as (instance: Ajv2020) => void)(ajv);

export type InputCheck = (input: Readonly<Record<string, unknown>>) => Record<string, unknown>;

/** A check that returns the input with its defaults filled in, or throws `input.invalid` naming each field and its remedy. */
export function compileInputCheck(schema: InputSchema): InputCheck {
  const validate: ValidateFunction = ajv.compile(schema);
  ajv.removeSchema(schema); // the function stays; Ajv must not collect the schemas of every manifest ever seen
  return (input) => {
    const copy = structuredClone(input) as Record<string, unknown>; // a clone of a record is a record; defaults are written into it
    if (validate(copy)) return copy;
    throw invalidInput(validate.errors ?? []);
  };
}

function invalidInput(findings: readonly ErrorObject[]): GuichetError {
  const errors = dedupe(findings.map(toFieldError));
  const first = errors[0];
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return new GuichetError(
    'input.invalid',
    first === undefined ? 'The input is not valid.' : `${first.field} ${first.message}${more}.`,
    { errors, remedy: first?.remedy },
  );
}

function dedupe(errors: readonly FieldError[]): FieldError[] {
  const seen = new Set<string>();
  return errors.filter(({ field, message }) => !seen.has(field + message) && seen.add(field + message));
}

function toFieldError(error: ErrorObject): FieldError {
  const at = (name?: string): string => `/input${error.instancePath}${name === undefined ? '' : `/${name}`}`;
  const params = error.params as Record<string, unknown>; // Ajv's params are a record whose shape depends on the keyword
  switch (error.keyword) {
    case 'required':
      return {
        field: at(String(params['missingProperty'])),
        message: 'is required',
        remedy: describe(error, String(params['missingProperty'])),
      };
    case 'additionalProperties':
    case 'unevaluatedProperties': {
      const name = String(params['additionalProperty'] ?? params['unevaluatedProperty']);
      return { field: at(name), message: 'is not a field of this action', remedy: suggestion(name, knownFields(error)) };
    }
    case 'enum': {
      const allowed = (params['allowedValues'] as unknown[]).map(String); // the enum keyword's params
      return { field: at(), message: `must be one of ${allowed.join(', ')}`, remedy: suggestion(String(error.data), allowed) };
    }
    case 'type':
      return {
        field: at(),
        message: `must be ${article(String(params['type']))}`,
        remedy: `Got ${typeName(error.data)}: ${brief(error.data)}.`,
      };
    default:
      return { field: at(), message: error.message ?? 'is not valid', remedy: describe(error) };
  }
}

/** The author's own words about the field, where there are some. */
function describe(error: ErrorObject, name?: string): string | undefined {
  const schema = error.parentSchema as
    | { description?: string; properties?: Record<string, { description?: string }> }
    | undefined; // verbose: true
  return name === undefined ? schema?.description : schema?.properties?.[name]?.description;
}

function knownFields(error: ErrorObject): string[] {
  const schema = error.parentSchema as { properties?: Record<string, unknown> } | undefined; // verbose: true
  return Object.keys(schema?.properties ?? {});
}

const article = (type: string): string => (/^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`);
const typeName = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'an array' : article(typeof value);

function brief(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}

/** "Did you mean pid?" when something known is at most two edits away, else the list of what is known. */
export function suggestion(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const nearest = known
    .map((name) => ({ name, distance: editDistance(word.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)[0];
  if (nearest !== undefined && nearest.distance <= Math.min(2, Math.floor(word.length / 2)))
    return `Did you mean ${nearest.name}?`;
  return known.length > 12 ? undefined : `Known: ${known.join(', ')}.`;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
