import { expect, test } from 'vitest';
import { bytes, duration, relativeTime } from '../src/ui/format.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const after = (seconds: number): string => new Date(NOW + seconds * 1000).toISOString();

test('says how far a time is, rounded to the nearest of its unit', () => {
  const said = (seconds: number): string => relativeTime(after(seconds), NOW, 'en');
  expect([0, -5, -59.8, -90, 7140, 86_399, -3 * 86_400].map(said)).toEqual([
    'now',
    '5 sec. ago',
    '1 min. ago',
    '1 min. ago',
    'in 2 hr.',
    'in 1 day',
    '3 days ago',
  ]);
  expect(relativeTime(after(-120), NOW, 'fr')).toMatch(/^il y a 2\smin$/u);
});

test('writes lengths of time with their two largest units', () => {
  expect([0.0123, 4.26, 45, 200, 7500, 273_600, -90].map(duration)).toEqual([
    '12 ms',
    '4.3 s',
    '45 s',
    '3 min 20 s',
    '2 h 5 min',
    '3 d 4 h',
    '-1 min 30 s',
  ]);
});

test('writes sizes in steps of a thousand', () => {
  expect([0, 999, 1000, 62_400_000, -1_250_000_000].map((size) => bytes(size, 'en'))).toEqual([
    '0 B',
    '999 B',
    '1 kB',
    '62.4 MB',
    '-1.3 GB',
  ]);
});
