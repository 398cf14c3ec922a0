import type { FieldError } from '@guichet/contract';
import { z } from 'zod';
import { suggestion } from './suggestion.ts';
import { anyOf, boundMessage, formatMessage, got, nounOf, told } from './wording.ts';

type RawIssue = Parameters<z.core.$ZodErrorMap>[0];
type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** More would bury the first ones, and let a caller who sends ten thousand wrong fields have them all sent back. */
export const MOST_FINDINGS = 20;

export type Checked<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly findings: readonly FieldError[] };

const CONTEXT = { error: wordingOf, reportInput: true } as const;

/** The value as the schema takes it, or what is wrong with it, in words for people. The schema's own messages win. */
export function check<Value>(schema: z.ZodType<Value>, value: unknown): Checked<Value> {
  const result = schema.safeParse(value, CONTEXT);
  if (result.success) return { ok: true, value: result.data };
  return { ok: false, findings: result.error.issues.flatMap((issue) => findingsOf(issue, schema, [])).slice(0, MOST_FINDINGS) };
}

/** RFC 6901; the whole is `/`, which reads better than nothing. */
export function pointer(path: Path): string {
  if (path.length === 0) return '/';
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

function wordingOf(issue: RawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is required' : `must be ${nounOf(expectedOf(issue))}`;
    case 'invalid_value':
      return `must be ${anyOf(issue.values.map(String))}`;
    case 'too_small':
      return boundMessage({
        of: issue.origin,
        side: 'min',
        limit: Number(issue.minimum),
        inclusive: issue.inclusive ?? true,
      });
    case 'too_big':
      return boundMessage({
        of: issue.origin,
        side: 'max',
        limit: Number(issue.maximum),
        inclusive: issue.inclusive ?? true,
      });
    case 'invalid_format':
      return formatMessage(issue.format);
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    case 'invalid_union':
      return Array.isArray(issue.options) ? `must be ${anyOf(issue.options.map(String))}` : 'is not valid';
    default:
      return 'is not valid';
  }
}

/** Zod says of a text where a whole number belongs that it is no number. */
function expectedOf(issue: Extract<RawIssue, { code: 'invalid_type' }>): string {
  return issue.expected === 'number' && issue.inst instanceof z.ZodNumberFormat ? 'int' : issue.expected;
}

function findingsOf(issue: Issue, schema: z.ZodType, above: Path): FieldError[] {
  const path = [...above, ...issue.path];
  const field = pointer(path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => strangeKey(key, { schema, path, input: issue.input }));
    case 'invalid_union':
      return unionFindings(issue, schema, above);
    case 'invalid_value':
      if (issue.input === undefined) return [{ field, message: 'is required', remedy: `It ${issue.message}.` }];
      return [
        {
          field,
          message: issue.message,
          remedy: typeof issue.input === 'string' ? nearest(issue.input, issue.values) : got(issue.input),
        },
      ];
    case 'invalid_type':
      return [
        {
          field,
          message: issue.message,
          remedy:
            issue.input === undefined
              ? told(field, schemaAt(schema, path)?.description)
              : gotInstead(issue.expected, issue.input),
        },
      ];
    default:
      return [{ field, message: issue.message, remedy: told(field, schemaAt(schema, path)?.description) }];
  }
}

/** A field that is not known at all; or one that is, and not beside what stands there. */
function strangeKey(key: string, { schema, path, input }: { schema: z.ZodType; path: Path; input: unknown }): FieldError {
  const field = pointer([...path, key]);
  const known = keysAt(schema, path);
  if (!known.includes(key))
    return { field, message: 'is not known', remedy: suggestion(key, known) ?? 'Leave it out, or check its spelling.' };
  const beside = shapesAt(schema, path)
    .filter((shape) => shape.includes(key))
    .flat();
  const others = Object.keys(Object(input)).filter((name) => known.includes(name) && !beside.includes(name));
  if (others.length === 0) return { field, message: 'does not belong here', remedy: 'Leave it out.' };
  return { field, message: `cannot stand beside ${anyOf(others.map((name) => `'${name}'`))}`, remedy: 'Keep one of them.' };
}

/** Who sends a text where an object belongs has put something whole in the wrong place, maybe a secret: it is not repeated. */
function gotInstead(expected: string, input: unknown): string {
  const holds = expected === 'object' || expected === 'record' || expected === 'array';
  return holds && typeof input === 'string' ? 'Got a string.' : got(input);
}

/** The allowed words stand in the message already: a remedy is worth saying only when one of them was probably meant. */
function nearest(word: string, values: readonly unknown[]): string | undefined {
  const remedy = suggestion(word, values.map(String));
  return remedy?.startsWith('Did you mean') ? remedy : undefined;
}

/** Of the shapes that a value may have, the one it comes nearest to says what is wrong. */
function unionFindings(issue: Extract<Issue, { code: 'invalid_union' }>, schema: z.ZodType, above: Path): FieldError[] {
  const path = [...above, ...issue.path];
  const branches = [...issue.errors].sort((a, b) => distance(a) - distance(b));
  const closest = branches[0];
  if (closest === undefined) return [{ field: pointer(path), message: issue.message }];
  return closest.flatMap((inner) => findingsOf(inner, schema, path));
}

const distance = (issues: readonly Issue[]): number =>
  issues.reduce(
    (sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : issue.path.length === 0 ? 10 : 1),
    0,
  );

/** The schema at a path, as far as it can be followed. */
function schemaAt(schema: z.ZodType, path: Path): z.ZodType | undefined {
  const [part, ...rest] = path;
  if (part === undefined) return schema;
  const whole = unwrapped(schema);
  // Members of Zod's own containers are schemas; its core types say less.
  if (whole instanceof z.ZodObject) {
    const member = whole.shape[String(part)] as z.ZodType | undefined;
    return member === undefined ? undefined : schemaAt(member, rest);
  }
  if (whole instanceof z.ZodArray) return schemaAt(whole.element as z.ZodType, rest);
  return undefined;
}

const keysAt = (schema: z.ZodType, path: Path): string[] => [...new Set(shapesAt(schema, path).flat())];

/** The names of members that may stand beside each other: of an object one list, of a union one for each of its shapes. */
function shapesAt(schema: z.ZodType, path: Path): string[][] {
  const found = schemaAt(schema, path);
  const whole = found === undefined ? undefined : unwrapped(found);
  if (whole instanceof z.ZodObject) return [Object.keys(whole.shape)];
  if (whole instanceof z.ZodUnion) return whole.options.flatMap((option) => shapesAt(option as z.ZodType, [])); // options are schemas, as above
  return [];
}

function unwrapped(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault)
    return unwrapped(schema.unwrap() as z.ZodType); // as above
  return schema;
}
