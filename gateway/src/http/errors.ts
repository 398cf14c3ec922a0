import { type ErrorCode, type FieldError, GuichetError } from '@guichet/contract';
import type { FastifyError } from 'fastify';
import type { ZodError, ZodType } from 'zod';

const FASTIFY_CODES: Readonly<Record<string, [ErrorCode, string, string]>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: ['body.malformed', 'The body is not valid JSON.', 'Send one JSON object.'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['body.malformed', 'The body is empty.', 'Send one JSON object, {} at least.'],
  FST_ERR_CTP_BODY_TOO_LARGE: ['body.too_large', 'The body is larger than 256 KiB.', 'Send less.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    'body.unsupported_type',
    'The body must be JSON.',
    "Send the header 'content-type: application/json'.",
  ],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [
    'body.malformed',
    'The body is not as long as content-length says.',
    'Send the whole body.',
  ],
};

/** Any error as the one kind that leaves this process; what nobody foresaw becomes `internal` and tells nothing. */
export function asGuichetError(error: unknown): GuichetError {
  if (error instanceof GuichetError) return error;
  const code = error instanceof Error && 'code' in error ? (error as FastifyError).code : '';
  const known = FASTIFY_CODES[code];
  if (known !== undefined) return new GuichetError(known[0], known[1], { remedy: known[2], cause: error });
  // secure-json-parse and JSON.parse throw SyntaxError; Fastify marks them as the client's with statusCode 400.
  if (error instanceof SyntaxError && 'statusCode' in error && error.statusCode === 400)
    return new GuichetError('body.malformed', 'The body is not valid JSON.', { remedy: 'Send one JSON object.', cause: error });
  return new GuichetError('internal', 'Something went wrong inside Guichet; it is in the log of the gateway.', {
    remedy: 'Give the trace id to the team that runs Guichet.',
    cause: error,
  });
}

/** The value as the schema takes it, or `input.invalid` naming each field. `place`: body, query, path. */
export function parsed<Value>(schema: ZodType<Value>, value: unknown, place: string): Value {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw invalid(result.error, place);
}

function invalid(error: ZodError, place: string): GuichetError {
  const errors = error.issues.flatMap((issue): FieldError[] => {
    const path = issue.path.map((part) => `/${String(part)}`).join('');
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => ({
        field: `${path}/${key}`,
        message: `is not known in the ${place}`,
        remedy: 'Leave it out, or check its spelling.',
      }));
    const missing = issue.code === 'invalid_type' && issue.message.includes('received undefined');
    return [{ field: path || '/', message: missing ? `is required in the ${place}` : lowerFirst(issue.message) }];
  });
  const first = errors[0];
  return new GuichetError('input.invalid', first === undefined ? 'The input is not valid.' : `${first.field} ${first.message}.`, {
    errors,
    remedy: first?.remedy,
  });
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

/** Refuses strings that PostgreSQL cannot store, naming the field. */
export function refuseNul(value: unknown, path = ''): void {
  if (typeof value === 'string' && value.includes('\0'))
    throw new GuichetError('input.invalid', `${path || '/'} holds a NUL character.`, {
      errors: [{ field: path || '/', message: 'holds a NUL character (\\u0000)', remedy: 'Take it out.' }],
    });
  if (typeof value === 'object' && value !== null)
    for (const [key, member] of Object.entries(value)) {
      refuseNul(key, path);
      refuseNul(member, `${path}/${key}`);
    }
}
