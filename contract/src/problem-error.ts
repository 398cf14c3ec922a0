import { ERRORS, type ErrorCode, GuichetError, isErrorCode } from './errors.ts';
import type { Problem } from './problem.ts';

// Apart from the schema, so that a command line that reads problems need not load the schema library.

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
