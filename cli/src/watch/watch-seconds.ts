import { GuichetError } from '@guichet/contract';
import { parseDuration } from '../duration.ts';

export const LEAST_SECONDS = 1;
export const MOST_SECONDS = 60;
const USUAL_SECONDS = 2;

/** The seconds of --watch: 2 without a value. Each asking is recorded, so it is not asked more often than people look. */
export function watchSeconds(value: unknown): number {
  if (value === true) return USUAL_SECONDS;
  const text = String(value);
  const seconds = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : parseDuration(text);
  if (seconds !== undefined && seconds >= LEAST_SECONDS && seconds <= MOST_SECONDS) return seconds;
  throw new GuichetError('usage.invalid', `--watch takes ${LEAST_SECONDS} to ${MOST_SECONDS} seconds, not '${text}'.`, {
    remedy: '--watch alone reads every 2 seconds, --watch=10 every 10.',
  });
}
