import { GuichetError } from '@guichet/contract';

const SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Seconds of `90s`, `10m`, `1h30m`, `2d`; undefined when it is no duration. A bare number is none: of what? */
export function parseDuration(text: string): number | undefined {
  if (!/^(?:\d+(?:\.\d+)?(?:ms|[smhdw]))+$/.test(text)) return undefined;
  let seconds = 0;
  for (const [, count, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdw])/g))
    seconds += Number(count) * (SECONDS[unit ?? ''] ?? Number.NaN);
  return seconds;
}

/** A parser of a flag that takes a duration. */
export function durationFlag(flag: string): (text: string) => number {
  return (text) => {
    const seconds = parseDuration(text);
    if (seconds !== undefined) return seconds;
    throw new GuichetError('usage.invalid', `${flag} must be a duration, not '${text}'.`, {
      remedy: 'Write it like 90s, 10m or 1h30m.',
    });
  };
}

/** The point in time that a flag gives as people do: `2h` ago, a date, or a date and time. ISO 8601 in UTC. */
export function parseTime(flag: string, text: string, now: Date): string {
  const ago = parseDuration(text);
  if (ago !== undefined) return new Date(now.getTime() - ago * 1000).toISOString();
  const at = /^\d{4}-\d{2}-\d{2}/.test(text) ? new Date(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00` : text) : undefined;
  if (at !== undefined && !Number.isNaN(at.getTime())) return at.toISOString();
  throw new GuichetError('usage.invalid', `${flag} must be a time, not '${text}'.`, {
    remedy: 'Write how long ago (30m, 2h, 7d), a day (2026-03-01) or a time (2026-03-01T10:00).',
  });
}
