import { z } from 'zod';

const SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
const WHOLE = /^(?:\d+(?:\.\d+)?(?:ms|[smhdw]))+$/;
const PARTS = /(\d+(?:\.\d+)?)(ms|[smhdw])/g;

/** A length of time as people type it: `90s`, `5m`, `1h30m`, `2d`. A bare number is none: of what? */
export const Duration = z
  .string()
  .max(20)
  // Not a pattern of the schema: whoever mistypes it is told in words, not by an expression.
  .refine((text) => WHOLE.test(text), { message: 'Write a length of time, such as 90s, 5m or 1h30m.' })
  .meta({ format: 'time-span', examples: ['90s', '5m', '1h30m'] });

/** Seconds of a text that Duration has taken. */
export function secondsOf(text: string): number {
  let seconds = 0;
  for (const [, count, unit] of text.matchAll(PARTS)) seconds += Number(count) * (SECONDS[unit ?? ''] ?? Number.NaN);
  return seconds;
}
