const UNITS = { s: 1, m: 60, min: 60, h: 3600, d: 86_400 } as const;

/** Seconds of `90s`, `30m`, `2h`, `1d`, `1h 30m`; undefined for what is none. */
export function readLength(text: string): number | undefined {
  const trimmed = text.trim().toLowerCase();
  if (!/^(?:\d{1,6}\s*(?:min|s|m|h|d)\s*)+$/.test(trimmed)) return undefined;
  let seconds = 0;
  for (const [, amount, unit] of trimmed.matchAll(/(\d+)\s*(min|s|m|h|d)/g))
    seconds += Number(amount) * UNITS[unit as keyof typeof UNITS]; // the pattern names these alone
  return seconds > 0 ? seconds : undefined;
}
