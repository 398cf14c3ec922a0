import { expect, test } from 'vitest';
import { parseStart, readZone } from '../src/zoned-time.ts';

const now = new Date('2026-11-21T12:00:00.000Z');
const start = (text: string, zone = 'Europe/Paris'): string => parseStart('--at', text, { zone, now }).at.toISOString();

test.each([
  ['2026-12-01T06:00', 'Europe/Paris', '2026-12-01T05:00:00.000Z'],
  ['2026-07-01 06:00', 'Europe/Paris', '2026-07-01T04:00:00.000Z'],
  ['2026-12-01T06:00:30', 'America/New_York', '2026-12-01T11:00:30.000Z'],
  ['2026-12-01T06:00', 'Asia/Kathmandu', '2026-12-01T00:15:00.000Z'],
  ['2026-12-01T06:00', 'UTC', '2026-12-01T06:00:00.000Z'],
  ['2026-12-01T06:00+01:00', 'America/New_York', '2026-12-01T05:00:00.000Z'],
  ['2026-12-01T06:00:00Z', 'Europe/Paris', '2026-12-01T06:00:00.000Z'],
  ['1h30m', 'Europe/Paris', '2026-11-21T13:30:00.000Z'],
])('%s in %s is %s', (text, zone, expected) => {
  expect(start(text, zone)).toBe(expected);
});

test('a time that the clocks skip is refused, with the one that was probably meant', () => {
  expect(() => start('2026-03-29T02:30')).toThrow(
    expect.objectContaining({
      message: 'There is no 2026-03-29T02:30 in Europe/Paris: the clocks are put forward over it.',
      remedy: 'Did you mean 2026-03-29T03:30?',
    }),
  );
  expect(start('2026-03-29T03:00')).toBe('2026-03-29T01:00:00.000Z');
});

test('of a time that comes twice the first is meant, and that is said', () => {
  const { at, note } = parseStart('--at', '2026-10-25T02:30', { zone: 'Europe/Paris', now });
  expect(at.toISOString()).toBe('2026-10-25T00:30:00.000Z');
  expect(note).toContain('The second is 2026-10-25T01:30:00.000Z.');
});

test.each(['tomorrow', '2026-13-01T06:00', '2026-02-30T06:00', '2026-12-01T25:00', '2026-12-01'])('%s is no time', (text) => {
  expect(() => start(text)).toThrow(`--at must be a time, not '${text}'.`);
});

test('a zone that nobody knows is told with what was probably meant', () => {
  expect(readZone('--timezone', 'Europe/Paris')).toBe('Europe/Paris');
  expect(() => readZone('--timezone', 'paris')).toThrow(expect.objectContaining({ remedy: 'Did you mean Europe/Paris?' }));
});
