const SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, min: 60, h: 3600, d: 86_400, w: 604_800 };
const SHORT = /^(?:\d+(?:[.,]\d+)?\s*(?:ms|min|[smhdw])\s*)+$/i;
const ISO = /^P(?:(\d+)W|(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?)$/;

/** Seconds of `90s`, `10m`, `1h30m`, `2 d`, or of an ISO 8601 duration without years and months; undefined when it is neither. */
export function parseDuration(text: string): number | undefined {
  const trimmed = text.trim();
  if (SHORT.test(trimmed)) {
    let seconds = 0;
    for (const [, count = '', unit = ''] of trimmed.matchAll(/(\d+(?:[.,]\d+)?)\s*(ms|min|[smhdw])/gi))
      seconds += Number(count.replace(',', '.')) * (SECONDS[unit.toLowerCase()] ?? Number.NaN);
    return Math.round(seconds * 1000) / 1000;
  }
  const iso = ISO.exec(trimmed);
  if (iso === null || /^PT?$/.test(trimmed) || trimmed.endsWith('T')) return undefined;
  const [, weeks, days, hours, minutes, seconds] = iso.map((part) => Number(part ?? 0));
  return (weeks ?? 0) * 604_800 + (days ?? 0) * 86_400 + (hours ?? 0) * 3600 + (minutes ?? 0) * 60 + (seconds ?? 0);
}

/** `PT1H30M` of 5400. A day is left as hours: where clocks change, it is none of 24. */
export function isoDuration(seconds: number): string {
  const whole = Math.floor(seconds);
  const parts = [
    [Math.floor(whole / 3600), 'H'],
    [Math.floor(whole / 60) % 60, 'M'],
    [Math.round((seconds - Math.floor(whole / 60) * 60) * 1000) / 1000, 'S'],
  ] as const;
  const first = parts.findIndex(([amount]) => amount > 0);
  const last = parts.findLastIndex(([amount]) => amount > 0);
  if (first === -1) return 'PT0S';
  // RFC 3339 leaves no gap between hours and seconds.
  return `PT${parts
    .slice(first, last + 1)
    .map(([amount, unit]) => `${amount}${unit}`)
    .join('')}`;
}
