import { testDatabase } from '@guichet/postgres-server/testing';
import { expect, test } from 'vitest';
import { isClean, storm } from './crash/storm.ts';

const SEED = Number(process.env['GUICHET_CRASH_SEED'] ?? Math.floor(Math.random() * 1_000_000));

test('gateways and a provider that are killed under load lose nothing, double nothing, and settle', {
  timeout: 240_000,
}, async () => {
  await using database = await testDatabase();
  const report = await storm({
    databaseUrl: database.url,
    seed: SEED,
    kills: 7,
    haste: 4,
    clients: 3,
    pauseMs: 200,
    worker: { leaseSeconds: 2, tickMs: 200, graceMs: 500 },
    settleMs: 30_000, // a slow machine is no finding; the long run measures
    toTheEnd: false,
  });
  // The seed, for whoever wants to see it again.
  expect({ ...report.findings, seed: SEED }).toEqual({ ...NOTHING, seed: SEED });
  expect(isClean(report)).toBe(true);
  expect(report.kills).toBeGreaterThanOrEqual(7);
});

const NOTHING = {
  effectsWithoutIntent: [],
  doubledEffects: [],
  lostRequests: [],
  wrongEnds: [],
  unsettled: [],
  wrongUndos: [],
  earlyStarts: [],
  wrongFirings: [],
  auditGaps: [],
  brokenSeals: [],
  strange: [],
  fellOver: [],
  mishaps: [],
};
