import { z } from 'zod';
import { ERRORS, type ErrorCode, GuichetError, isErrorCode } from './errors.ts';

/** An error on the wire: RFC 9457 problem details, media type `application/problem+json`. */
export const Problem = z
  .object({
    type: z.string().describe('urn:guichet:error:CODE'),
    title: z.string(),
    status: z.int(),
    code: z.string().describe('A code of the error table, docs/spec/errors.md'),
    detail: z.string().describe('What happened'),
    remedy: z.string().optional().describe('What to do next'),
    retryable: z.boolean(),
    trace: z.string().optional().describe('Id of this call in the logs of the gateway'),
    errors: z
      .array(z.object({ field: z.string(), message: z.string(), remedy: z.string().optional() }))
      .optional()
      .describe('One entry for each field that is wrong; field is a JSON pointer'),
    details: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof Problem>;

export function toProblem(error: GuichetError, trace?: string): Problem {
  const row = ERRORS[error.code];
  return {
    type: `urn:guichet:error:${error.code}`,
    title: row.title,
    status: row.status === 0 ? 500 : row.status,
    code: error.code,
    detail: error.message,
    retryable: row.retryable,
    ...(error.remedy !== undefined && { remedy: error.remedy }),
    ...(trace !== undefined && { trace }),
    ...(error.errors !== undefined && { errors: error.errors.map((entry) => ({ ...entry })) }),
    ...(error.details !== undefined && { details: { ...error.details } }),
  };
}

/** The error that a problem document stands for; an unknown code (a newer gateway) becomes `fallback`. */
export function fromProblem(problem: Problem, fallback: ErrorCode = 'internal'): GuichetError {
  return new GuichetError(isErrorCode(problem.code) ? problem.code : fallback, problem.detail, {
    remedy: problem.remedy,
    errors: problem.errors,
    details: { ...problem.details, ...(problem.trace !== undefined && { trace: problem.trace }) },
  });
}
