import { parseDuration } from '../../schema-form/duration.ts';

/** The seconds of `30m`, `2h`, `1h30m`; undefined of nothing. */
export function secondsIn(text: string): number | undefined | 'wrong' {
  return text.trim() === '' ? undefined : (parseDuration(text.trim()) ?? 'wrong');
}

const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
] as const;

/** The other way round: `5400` is `1h30m`. */
export function wordsOf(seconds: number | undefined): string {
  let left = seconds ?? 0;
  let words = '';
  for (const [unit, size] of UNITS) {
    const amount = Math.floor(left / size);
    if (amount > 0) words += `${amount}${unit}`;
    left -= amount * size;
  }
  return words;
}
