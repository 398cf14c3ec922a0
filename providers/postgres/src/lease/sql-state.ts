import { InstanceError } from '../instance-error.ts';

/** The SQLSTATE that the server has answered with, if it was the server that answered. */
export function sqlStateOf(error: unknown): string | undefined {
  const cause = error instanceof InstanceError ? error.cause : error;
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
}
