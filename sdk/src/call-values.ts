import { type FieldError, GuichetError } from '@guichet/contract';
import { z } from 'zod';
import type { HandlerSite } from './handler-errors.ts';
import { type Json, jsonCopy, NotJsonError, pointerStep } from './json.ts';

/** Parses the whole input. Throws `input.invalid` with a pointer (`/input/pid`) for each field that is wrong. */
export function admitInput(schema: z.ZodObject, input: Record<string, unknown>): Record<string, unknown> {
  const parsed = schema.safeParse(inputCopy(input));
  if (parsed.success) return parsed.data;
  throw invalidInput(parsed.error.issues.flatMap(fieldErrors));
}

/** The fields of a half-filled form that are valid by themselves. Fields that the schema does not name are refused. */
export function admitPartialInput(schema: z.ZodObject, input: Record<string, unknown>): Record<string, unknown> {
  const given = inputCopy(input);
  const unknown = Object.keys(given).filter((field) => !Object.hasOwn(schema.shape, field));
  if (unknown.length > 0) throw invalidInput(unknown.map(unknownField));
  const valid: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(given)) {
    const member: z.core.$ZodType | undefined = schema.shape[field];
    const parsed = member && z.safeParse(member, value);
    if (parsed?.success) valid[field] = parsed.data;
  }
  return valid;
}

/** A copy, for in process the gateway holds the same object. */
function inputCopy(input: Record<string, unknown>): { [field: string]: Json } {
  try {
    return Object.fromEntries(
      Object.entries(input).flatMap(([field, value]) =>
        value === undefined ? [] : [[field, jsonCopy(value, `/input${pointerStep(field)}`, 2)]],
      ),
    );
  } catch (error) {
    if (error instanceof NotJsonError) throw invalidInput([{ field: error.pointer, message: error.message }]);
    throw error;
  }
}

function unknownField(field: string): FieldError {
  return { field: `/input${pointerStep(field)}`, message: 'There is no such field.', remedy: 'Leave it out.' };
}

function fieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  const at = issue.path.map(pointerStep).join('');
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ ...unknownField(key), field: `/input${at}${pointerStep(key)}` }));
  return [{ field: `/input${at}`, message: issue.message }];
}

function invalidInput(errors: FieldError[]): GuichetError {
  const fields = errors.map((error) => error.field).join(', ');
  return new GuichetError('input.invalid', `The input is not valid at ${fields}.`, {
    remedy: 'Mend these fields and call again.',
    errors,
  });
}

/** What a handler gave back, as the wire would carry it. Throws `provider.protocol`, and tells the provider's log why. */
export function jsonAnswer(value: unknown, site: HandlerSite): Json {
  try {
    return jsonCopy(value);
  } catch (error) {
    if (error instanceof NotJsonError) throw badAnswer(error.message, site);
    throw error;
  }
}

/** The answer of a handler, checked against the contract. Throws `provider.protocol`. */
export function parseAnswer<Schema extends z.ZodType>(schema: Schema, value: unknown, site: HandlerSite): z.output<Schema> {
  const parsed = schema.safeParse(jsonAnswer(value, site));
  if (parsed.success) return parsed.data;
  throw badAnswer(
    parsed.error.issues.map((issue) => `${issue.path.map(pointerStep).join('') || '/'}: ${issue.message}`).join('; '),
    site,
  );
}

export function badAnswer(why: string, site: HandlerSite): GuichetError {
  const { logger, action, phase, run, provider } = site;
  const message = `The handler '${phase}' of the action '${action.name}' gave an answer that is not valid: ${why}`;
  logger.error({ provider: provider.provider, action: action.name, phase, run }, message);
  return new GuichetError('provider.protocol', message, {
    remedy: `Tell the team '${provider.team}': their provider has a bug.`,
  });
}

/** Resolves like the work, unless the signal is aborted first; then rejects at once, even when the work does not heed it. */
export async function unwindOnAbort<Value>(work: () => Promise<Value>, signal: AbortSignal): Promise<Value> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<Value>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  work().then(resolve, reject);
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
