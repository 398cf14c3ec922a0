import { expect, test } from 'vitest';
import { ProviderFigures } from '../src/telemetry/index.ts';

const MINUTE = 60_000;

test('quantiles are at most a twentieth off, and errors are counted by code', () => {
  const figures = new ProviderFigures(() => 100 * MINUTE);
  for (let ms = 1; ms <= 1000; ms++)
    figures.add({ provider: 'lab', phase: 'plan', outcome: ms % 10 === 0 ? 'provider.timeout' : 'ok', seconds: ms / 1000 });
  const { calls, failed, errors, phases } = figures.of('lab');
  expect({ calls, failed, errors }).toEqual({ calls: 1000, failed: 100, errors: [{ code: 'provider.timeout', calls: 100 }] });
  const [plan] = phases;
  expect(Math.abs((plan?.p50Ms ?? 0) - 500)).toBeLessThan(500 / 19);
  expect(Math.abs((plan?.p95Ms ?? 0) - 950)).toBeLessThan(950 / 19);
  expect(figures.of('other')).toMatchObject({ calls: 0, phases: [] });
});

test('what is older than 15 minutes counts no more', () => {
  let now = 100 * MINUTE;
  const figures = new ProviderFigures(() => now);
  const call = () => figures.add({ provider: 'lab', phase: 'read', outcome: 'ok', seconds: 0.01 });
  call();
  now += 14 * MINUTE;
  call();
  expect(figures.of('lab')).toMatchObject({ calls: 2, since: new Date(100 * MINUTE) });
  now += MINUTE;
  expect(figures.of('lab')).toMatchObject({ calls: 1, since: new Date(101 * MINUTE) });
  now += 100 * MINUTE;
  expect(figures.of('lab')).toMatchObject({ calls: 0, phases: [] });
});
