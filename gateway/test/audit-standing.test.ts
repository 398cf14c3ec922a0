import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { rotateAuditKey } from '../src/audit/audit-keys.ts';
import { type Came, LogPass } from '../src/audit/log-pass.ts';
import { StandingCheck } from '../src/audit/standing-check.ts';
import { type TestLog, testLog } from './support/sealed-log.ts';

let log: TestLog;
beforeEach(async () => {
  log = await testLog();
  for (const count of [3, 1, 4]) await log.write(count);
});
afterEach(() => log.close());

async function toEnd(pass: LogPass): Promise<Came> {
  for (;;) {
    const came = await pass.step();
    if (came !== 'more') return came;
  }
}

const PATIENCE = { timeout: 20_000, interval: 50 };

async function withCheck(
  work: (check: StandingCheck, told: string[]) => Promise<void>,
  options: { againAfterMs?: number; againStepMs?: number } = {},
): Promise<void> {
  const told: string[] = [];
  const check = new StandingCheck({
    db: log.db,
    everyMs: 20,
    ...options,
    onFinding: ({ kind }) => told.push(kind),
    onError: (error) => told.push(String(error)),
  });
  check.start();
  try {
    await work(check, told);
  } finally {
    await check.stop();
  }
}

test('a pass over a log that nobody touched finds nothing, and goes on with what comes', async () => {
  const pass = new LogPass(log.db);
  expect(await toEnd(pass)).toBe('end');
  expect(pass).toMatchObject({ events: 8, findings: [], head: { number: 3 } });
  await log.write(2);
  await log.write(1);
  expect(await toEnd(pass)).toBe('end');
  expect(pass).toMatchObject({ events: 11, findings: [], head: { number: 5 } });
});

test('a pass of several steps finds what one of them finds', async () => {
  for (let head = 0; head < 320; head++) await log.write(1);
  const pass = new LogPass(log.db);
  expect(await pass.step()).toBe('more');
  await log.tamper(`update audit_events set outcome = 'denied' where id = 320`);
  expect(await toEnd(pass)).toBe('end');
  expect(pass.findings).toMatchObject([{ kind: 'edited', ids: ['320'] }]);
  expect(pass.events).toBe(328);
});

describe.each([
  ['an edit', `update audit_events set outcome = 'denied' where id = 5`, ['edited']],
  ['an edit of the time', `update audit_events set at = at - interval '2 days' where id = 6`, ['edited']],
  ['a deletion', 'delete from audit_events where id in (2, 4)', ['deleted', 'deleted']],
  ['a head whose events are all gone', 'delete from audit_events where id = 4', ['deleted']],
  ['an end that was cut off', 'delete from audit_events where id > 4', ['deleted']],
  [
    'an event that was put between others',
    `insert into audit_events (id, xid, at, type, actor_id, actor_name, outcome)
       select 1000, '3', at + interval '1 microsecond', 'test.event', 'user:b', 'B', 'ok' from audit_events where id = 5`,
    ['inserted'],
  ],
  [
    'a head that was changed',
    `update audit_heads set head = jsonb_set(head::jsonb, '{size}', '99')::json where number = 3`,
    ['broken_chain'],
  ],
  ['a head that is gone', 'delete from audit_heads where number = 2', ['broken_chain']],
])('%s', (_, change, kinds) => {
  test('is found by a pass', async () => {
    await log.tamper(change);
    const pass = new LogPass(log.db);
    await toEnd(pass);
    const found = new Set(pass.findings.map(({ kind }) => kind));
    for (const kind of kinds) expect(found).toContain(kind);
  });
});

test('a key that signs after another one is followed across steps', async () => {
  const pass = new LogPass(log.db);
  await toEnd(pass);
  await rotateAuditKey(log.db, log.vault, { id: 'user:op', name: 'Op' });
  for (let head = 0; head < 3; head++) {
    await log.write(1);
    expect(await toEnd(pass)).toBe('end');
  }
  expect(pass.findings).toEqual([]);
});

test('a check that stands says that the log holds, how far, and goes on as it grows', async () => {
  await withCheck(async (check, told) => {
    await vi.waitFor(
      () => expect(check.standing).toMatchObject({ state: 'verified', events: 8, through: { number: 3 } }),
      PATIENCE,
    );
    await log.write(2);
    await vi.waitFor(
      () => expect(check.standing).toMatchObject({ state: 'verified', events: 10, through: { number: 4 } }),
      PATIENCE,
    );
    expect(told).toEqual([]);
  });
});

test('what is changed behind it is found when it goes over everything again, told once, and shown until it is mended', async () => {
  await withCheck(
    async (check, told) => {
      await vi.waitFor(() => expect(check.standing.state).toBe('verified'), PATIENCE);
      await log.tamper(`update audit_events set outcome = 'denied' where id = 2`);
      await vi.waitFor(
        () => expect(check.standing).toMatchObject({ state: 'damaged', findings: [{ kind: 'edited' }] }),
        PATIENCE,
      );
      const { wholeAt } = check.standing;
      await vi.waitFor(() => expect(check.standing.wholeAt).not.toEqual(wholeAt), PATIENCE);
      expect(told).toEqual(['edited']);
      await log.tamper(`update audit_events set outcome = 'ok' where id = 2`);
      await vi.waitFor(() => expect(check.standing.state).toBe('verified'), PATIENCE);
    },
    { againAfterMs: 1, againStepMs: 1 },
  );
});

test('heads that it had checked and that are gone are a damage, also when what is left holds', async () => {
  await withCheck(async (check, told) => {
    await vi.waitFor(() => expect(check.standing.state).toBe('verified'), PATIENCE);
    await log.tamper('delete from audit_heads where number = 3; delete from audit_events where id > 4');
    await vi.waitFor(
      () =>
        expect(check.standing).toMatchObject({
          state: 'damaged',
          through: { number: 2 },
          findings: [{ kind: 'lost_heads', head: 3 }],
        }),
      PATIENCE,
    );
    expect(told).toEqual(['lost_heads']);
  });
});
