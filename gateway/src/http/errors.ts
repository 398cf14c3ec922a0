import { type ErrorCode, type FieldError, GuichetError } from '@guichet/contract';
import type { ZodType } from 'zod';
import { check, unstorable } from '../findings/index.ts';

const FOREIGN: Readonly<Record<string, readonly [ErrorCode, message: string, remedy: string]>> = {
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
  FST_ERR_BAD_URL: [
    'input.invalid',
    'The path is not valid percent-encoded UTF-8.',
    'Encode it as UTF-8, then percent-encode it.',
  ],
  FST_STATIC_FORBIDDEN_PATH: ['route.unknown', 'There is no such file.', 'GET /openapi.json lists all routes.'],
  FST_ERR_ROUTE_MISSING_CONTENT_TYPE: [
    'body.unsupported_type',
    'The body must be JSON.',
    "Send the header 'content-type: application/json'.",
  ],
  FST_ERR_MAX_PARAM_LENGTH: ['input.invalid', 'A part of the path is longer than 200 characters.', 'No id is that long.'],
  // Node's own: the connection ended in the middle of the body.
  ECONNRESET: ['body.malformed', 'The body broke off.', 'Send the whole body.'],
};

/** Any error as the one kind that leaves this process; what nobody foresaw becomes `internal` and tells nothing. */
export function asGuichetError(
  error: unknown,
  { bodyBytes = 256 * 1024 }: { bodyBytes?: number | undefined } = {},
): GuichetError {
  if (error instanceof GuichetError) return error;
  if (codeOf(error) === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new GuichetError('body.too_large', `The body is larger than ${bodyBytes / 1024} KiB.`, {
      remedy: 'Send less.',
      cause: error,
    });
  const known = FOREIGN[codeOf(error)];
  if (known !== undefined) return new GuichetError(known[0], known[1], { remedy: known[2], cause: error });
  return new GuichetError('internal', 'Something went wrong inside Guichet; it is in the log of the gateway.', {
    remedy: 'Give the trace id to the team that runs Guichet.',
    cause: error,
  });
}

const LONGEST_RETRY_SECONDS = 86_400;

/** In how many seconds to try again. An error may come from a provider, whose details are not ours: no header is made of them. */
export function retryAfter({ details }: GuichetError): string {
  const seconds = details?.['retryAfterSeconds'];
  const isSensible = typeof seconds === 'number' && Number.isInteger(seconds) && seconds >= 1 && seconds <= LONGEST_RETRY_SECONDS;
  return isSensible ? String(seconds) : '1';
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

type Place = 'body' | 'query' | 'path';

/** The value as the schema takes it, or `input.invalid` naming each field and what to do about it. */
export function parsed<Value>(schema: ZodType<Value>, value: unknown, place: Place): Value {
  const checked = check(schema, value);
  if (checked.ok) return checked.value;
  throw invalidInput(checked.findings, place);
}

/** `input.invalid` about these fields; the first one makes the sentence. */
export function invalidInput(findings: readonly FieldError[], place: Place): GuichetError {
  const errors = findings.map((finding) => ({
    ...finding,
    remedy: finding.remedy ?? `GET /openapi.json describes the ${place}.`,
  }));
  const [first] = errors;
  if (first === undefined) return new GuichetError('input.invalid', 'The input is not valid.');
  const where = place === 'body' ? '' : ` in the ${place}`;
  const subject = first.field === '/' ? `The ${place}` : `${first.field}${where}`;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return new GuichetError('input.invalid', `${subject} ${first.message}${more}.`, { errors, remedy: first.remedy });
}

/** Refuses texts that the database cannot hold, naming the field. */
export function refuseUnstorable(value: unknown, place: Place): void {
  const finding = unstorable(value);
  if (finding !== undefined) throw invalidInput([finding], place);
}
