import { type FieldError, GuichetError, type InputSchema, SECRET_MARKER } from '@guichet/contract';
import { SecretFields, type SecretValue } from '@guichet/contract/secrets';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import {
  anyOf,
  boundMessage,
  formatMessage,
  got as gotValue,
  MOST_FINDINGS,
  nounOf,
  suggestion,
  told,
} from '../findings/index.ts';
import { TookTooLong, withinTime } from '../limits/index.ts';

/** An input is checked in microseconds, unless its schema has a pattern that somebody found the worst text for. */
const CHECK_MS = 500;
/** What may take longer than one look at each value; all else is as quick as the input is short. */
const SLOW_WORDS = /"(?:pattern|patternProperties|format|uniqueItems|\$ref|\$dynamicRef)":/;

/** No coercion ("5" is not 5) and nothing removed: what is approved is what was sent, with its defaults. */
function newAjv(): Ajv2020 {
  const made = new Ajv2020({
    allErrors: true,
    useDefaults: true,
    coerceTypes: false,
    removeAdditional: false,
    strict: false,
    logger: false,
    verbose: true,
    multipleOfPrecision: 9, // 0.3 is a multiple of 0.1, whatever a division says
  });
  // The types of ajv-formats name the CommonJS default export, Node gives the function itself.
  (addFormats as unknown as (instance: Ajv2020) => void)(made);
  return made;
}

let ajv = newAjv();

type Input = Readonly<Record<string, unknown>>;

/** An input with its defaults. Only `shown` may be stored, told or logged. */
export interface CheckedInput {
  /** All of it, for the provider alone. */
  readonly whole: Input;
  /** With SECRET_MARKER where secrets are. */
  readonly shown: Input;
  readonly secrets: readonly SecretValue[];
}

/** Returns the input with its defaults filled in, or throws `input.invalid` naming each field and its remedy. */
export type InputCheck = (input: Input) => CheckedInput;

export interface InputRules {
  readonly check: InputCheck;
  /** Undefined when no field is secret. */
  readonly secretFields: SecretFields | undefined;
}

/** What the schema of an action says of its inputs. Throws when it cannot be used. */
export function compileInput(schema: InputSchema): InputRules {
  const validate = compiled(schema);
  const secretFields = SecretFields.of(schema);
  const checkNow: InputCheck = (input) => {
    const copy = structuredClone(input) as Record<string, unknown>; // a clone of a record is a record; defaults are written into it
    const valid = validate(copy);
    if (secretFields === undefined) {
      if (valid) return { whole: copy, shown: copy, secrets: [] };
      throw invalidInput(validate.errors ?? []);
    }
    const { shown, secrets } = secretFields.takeOut(copy);
    refuseMarkers(secrets);
    if (valid) return { whole: copy, shown, secrets };
    const places = secrets.map(({ pointer }) => pointer);
    throw invalidInput((validate.errors ?? []).map((error) => withoutValues(error, places)));
  };
  const check: InputCheck = SLOW_WORDS.test(JSON.stringify(schema)) ? (input) => inTime(() => checkNow(input)) : checkNow;
  return { check, secretFields };
}

function compiled(schema: InputSchema): ValidateFunction {
  // Ajv would make a function of it that promises an answer, and a promise is as good as a yes.
  if (Object.hasOwn(schema, '$async')) throw new Error('$async is no word of JSON Schema');
  try {
    const validate = ajv.compile(schema);
    ajv.removeSchema(schema); // the function stays; Ajv must not collect the schemas of every manifest ever seen
    return validate;
  } catch (error) {
    ajv = newAjv(); // one that was broken off or refused leaves nothing that the next one could meet
    throw error;
  }
}

function inTime<Result>(work: () => Result): Result {
  try {
    return withinTime({ milliseconds: CHECK_MS, what: 'Checking this input' }, work);
  } catch (error) {
    if (!(error instanceof TookTooLong)) throw error;
    throw new GuichetError('provider.protocol', `${error.message}.`, {
      remedy: 'Send a shorter one. The team that runs the provider: the schema of this action has a pattern that takes too long.',
      cause: error,
    });
  }
}

/** What was copied from a request that is shown is no secret, but what stands in its place. */
function refuseMarkers(secrets: readonly SecretValue[]): void {
  const errors = secrets
    .filter(({ value }) => JSON.stringify(value).includes(SECRET_MARKER))
    .map(({ pointer }) => ({
      field: `/input${pointer}`,
      message: 'is what is shown in place of a secret',
      remedy: 'Give the secret itself.',
    }));
  const [first] = errors;
  if (first !== undefined)
    throw new GuichetError('input.invalid', `${first.field} ${first.message}.`, { errors, remedy: first.remedy });
}

/** What fails because of the name of a member. */
const NAMING: ReadonlySet<string> = new Set(['additionalProperties', 'unevaluatedProperties', 'propertyNames']);
/** In the input of an action with secrets, a value may be a secret in the wrong field: none is repeated. */
const NO_VALUE = Symbol('not repeated');

function withoutValues(error: ErrorObject, places: readonly string[]): ErrorObject {
  const { instancePath, keyword } = error;
  const place = places.find(
    (pointer) => instancePath.startsWith(`${pointer}/`) || (instancePath === pointer && NAMING.has(keyword)),
  );
  // Inside of a secret, names of members are secret too.
  const inside = place === undefined ? {} : { instancePath: place, keyword: 'secret', params: {}, message: 'is not valid' };
  return { ...error, ...inside, data: NO_VALUE };
}

const got = (value: unknown): string | undefined => (value === NO_VALUE ? undefined : gotValue(value));

function invalidInput(findings: readonly ErrorObject[]): GuichetError {
  const errors = dedupe(findings.filter(saysSomething).map(toFieldError)).slice(0, MOST_FINDINGS);
  const first = errors[0];
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return new GuichetError(
    'input.invalid',
    first === undefined ? 'The input is not valid.' : `${first.field} ${first.message}${more}.`,
    { errors, remedy: first?.remedy },
  );
}

/** `if` only repeats that its `then` failed; what failed there has a finding of its own. */
const saysSomething = ({ keyword }: ErrorObject): boolean => keyword !== 'if';

function dedupe(errors: readonly FieldError[]): FieldError[] {
  const seen = new Set<string>();
  return errors.filter(({ field, message }) => !seen.has(field + message) && seen.add(field + message));
}

/** As part of a JSON pointer. */
const escaped = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');

const BOUNDS: Readonly<Record<string, readonly [of: string, side: 'min' | 'max', inclusive: boolean]>> = {
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

function toFieldError(error: ErrorObject): FieldError {
  const at = (name?: string): string => `/input${error.instancePath}${name === undefined ? '' : `/${escaped(name)}`}`;
  const params = error.params as Record<string, unknown>; // Ajv's params are a record whose shape depends on the keyword
  switch (error.keyword) {
    case 'required':
    case 'dependentRequired': {
      const name = String(params['missingProperty']);
      const because = error.keyword === 'required' ? '' : ` when ${String(params['property'])} is given`;
      return { field: at(name), message: `is required${because}`, remedy: describe(error, name) };
    }
    case 'additionalProperties':
    case 'unevaluatedProperties': {
      const name = String(params['additionalProperty'] ?? params['unevaluatedProperty']);
      return { field: at(name), message: 'is not a field of this action', remedy: suggestion(name, knownFields(error)) };
    }
    case 'enum': {
      const allowed = (params['allowedValues'] as unknown[]).map(String); // the enum keyword's params
      return { field: at(), message: `must be ${anyOf(allowed)}`, remedy: nearest(error.data, allowed) };
    }
    case 'const':
      return { field: at(), message: `must be ${JSON.stringify(params['allowedValue'])}`, remedy: got(error.data) };
    case 'type':
      return {
        field: at(),
        message: `must be ${anyOf([params['type']].flat().map((type) => nounOf(String(type))))}`,
        remedy: got(error.data),
      };
    case 'format':
      return { field: at(), message: formatMessage(String(params['format'])), remedy: describe(error) ?? got(error.data) };
    case 'pattern':
      return { field: at(), message: `must match ${String(params['pattern'])}`, remedy: describe(error) ?? got(error.data) };
    case 'multipleOf':
      return { field: at(), message: `must be a multiple of ${String(params['multipleOf'])}`, remedy: got(error.data) };
    case 'uniqueItems':
      return { field: at(), message: `holds the same entry twice, at ${String(params['j'])} and ${String(params['i'])}` };
    case 'oneOf':
    case 'anyOf':
      return { field: at(), message: 'has none of the shapes that it may have', remedy: describe(error) };
    default:
      return bound(error, at()) ?? { field: at(), message: error.message ?? 'is not valid', remedy: describe(error) };
  }
}

function bound(error: ErrorObject, field: string): FieldError | undefined {
  const row = BOUNDS[error.keyword];
  if (row === undefined) return undefined;
  const [of, side, inclusive] = row;
  const limit = Number((error.params as { limit?: unknown }).limit); // every keyword of BOUNDS has a limit
  return { field, message: boundMessage({ of, side, limit, inclusive }), remedy: describe(error) };
}

/** The allowed words stand in the message already. */
function nearest(value: unknown, allowed: readonly string[]): string | undefined {
  if (typeof value !== 'string') return got(value);
  const remedy = suggestion(value, allowed);
  return remedy?.startsWith('Did you mean') ? remedy : undefined;
}

/** The author's own words about the field, where there are some. */
function describe(error: ErrorObject, name?: string): string | undefined {
  const schema = error.parentSchema as
    | { description?: string; properties?: Record<string, { description?: string }> }
    | undefined; // verbose: true
  const description = name === undefined ? schema?.description : schema?.properties?.[name]?.description;
  return told(name ?? error.instancePath, description);
}

function knownFields(error: ErrorObject): string[] {
  const schema = error.parentSchema as { properties?: Record<string, unknown> } | undefined; // verbose: true
  return Object.keys(schema?.properties ?? {});
}
