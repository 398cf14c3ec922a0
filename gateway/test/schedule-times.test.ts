import { describe, expect, test } from 'vitest';
import { Times } from '../src/schedules/index.ts';

const paris = (cron: string): Times => new Times({ cron, timeZone: 'Europe/Paris' });
const from = (times: Times, start: string, count: number): string[] =>
  times.upcoming(count, new Date(start)).map((time) => time.toISOString().slice(5, 16));

describe('the times of a schedule', () => {
  test('are those of its zone', () => {
    expect(from(paris('0 3 * * *'), '2026-12-01T00:00:00Z', 2)).toEqual(['12-01T02:00', '12-02T02:00']);
    expect(from(paris('0 3 * * 1-5'), '2026-07-03T12:00:00Z', 2)).toEqual(['07-06T01:00', '07-07T01:00']);
  });

  test('that the clocks skip come once, at the next time that there is', () => {
    // On 29 March 2026 there is no 02:30: it comes at 03:00, which is 01:00 in UTC.
    expect(from(paris('30 2 * * *'), '2026-03-28T00:00:00Z', 3)).toEqual(['03-28T01:30', '03-29T01:00', '03-30T00:30']);
  });

  test('that come twice come once, the first time', () => {
    // On 25 October 2026 it is 02:30 at 00:30 and at 01:30 in UTC.
    expect(from(paris('30 2 * * *'), '2026-10-24T00:00:00Z', 3)).toEqual(['10-24T00:30', '10-25T00:30', '10-26T01:30']);
  });

  test('of every hour come each hour, whatever the clocks do', () => {
    expect(from(paris('30 * * * *'), '2026-10-24T23:00:00Z', 4)).toEqual([
      '10-24T23:30',
      '10-25T00:30',
      '10-25T01:30',
      '10-25T02:30',
    ]);
    expect(from(paris('30 * * * *'), '2026-03-29T00:00:00Z', 2)).toEqual(['03-29T00:30', '03-29T01:30']);
  });

  test('that are due are counted, and the last one is named', () => {
    const { last, before, earlier } = paris('0 * * * *').due(new Date('2026-11-21T08:00:00Z'), new Date('2026-11-21T11:30:00Z'));
    expect([last.toISOString(), before?.toISOString(), earlier]).toEqual([
      '2026-11-21T11:00:00.000Z',
      '2026-11-21T10:00:00.000Z',
      3,
    ]);
    expect(paris('0 * * * *').due(new Date('2026-11-21T08:00:00Z'), new Date('2026-11-21T08:30:00Z'))).toMatchObject({
      before: null,
      earlier: 0,
    });
  });

  test.each([
    ['* * * * * *', 'UTC', '/cron is no cron expression: it has 6 parts instead of 5.'],
    ['* * *', 'UTC', '/cron is no cron expression: it has 3 parts instead of 5.'],
    ['61 * * * *', 'UTC', '/cron is no cron expression: Invalid value for minute: 61'],
    ['0 3 * * *', 'Mars/Olympus', "/timezone is no time zone: 'Mars/Olympus'"],
  ])('%s in %s is refused in words', (cron, timeZone, message) => {
    expect(() => new Times({ cron, timeZone })).toThrow(message);
  });
});
