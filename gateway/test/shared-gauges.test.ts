import { expect, test } from 'vitest';
import { type Sample, SharedGauges } from '../src/telemetry/shared-gauges.ts';

const SAMPLE: Sample = { name: 'guichet_reviews_open', value: 3 };

test('many scrapes share one look, and a fresh one is not taken again', async () => {
  let [now, looks] = [0, 0];
  const gauges = new SharedGauges(
    [
      async () => {
        looks += 1;
        return [SAMPLE];
      },
    ],
    () => now,
  );
  expect(await Promise.all(Array.from({ length: 20 }, () => gauges.current()))).toEqual(Array(20).fill([SAMPLE]));
  now = 4999;
  await gauges.current();
  expect(looks).toBe(1);
  now = 5000;
  expect(await gauges.current()).toEqual([SAMPLE]);
  expect(looks).toBe(2);
});

test('a database that fails leaves nothing old', async () => {
  let [now, away] = [0, false];
  const read = async (): Promise<readonly Sample[]> => {
    if (away) throw new Error('away');
    return [SAMPLE];
  };
  const gauges = new SharedGauges([read], () => now);
  expect(await gauges.current()).toEqual([SAMPLE]);
  [now, away] = [5000, true];
  expect(await gauges.current()).toBeUndefined();
  [now, away] = [10_000, false];
  expect(await gauges.current()).toEqual([SAMPLE]);
});

test('a database that is frozen holds no scrape, and is asked once however many come', async () => {
  let looks = 0;
  const gauges = new SharedGauges([
    () => {
      looks += 1;
      return new Promise<never>(() => {});
    },
  ]);
  expect(await Promise.all([gauges.current(), gauges.current()])).toEqual([undefined, undefined]);
  expect(await gauges.current()).toBeUndefined();
  expect(looks).toBe(1);
});
