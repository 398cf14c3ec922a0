import { expect, test } from 'vitest';
import { statement } from '../src/db/index.ts';
import { afterRestore } from '../src/restored.ts';
import { storedRequests } from './support/stored.ts';

test('after a restore nothing that may have happened since happens again by itself', async () => {
  await using stored = await storedRequests();
  const { db } = stored;
  const [waiting, queued, claimed, sent, unknown] = [
    await stored.file({ state: 'awaiting_approval' }),
    await stored.file(),
    await stored.file({ state: 'running' }),
    await stored.file({ state: 'running' }),
    await stored.file({ state: 'unknown' }),
  ];
  await db.query(statement('test-sent', 'update requests set dispatched_at = now() where number = any ($1)'), [
    [sent.number, unknown.number],
  ]);
  const insert = statement(
    'test-schedule',
    `insert into schedules (name, owner_id, owner_name, team, cron, time_zone, action, environment, input, reason, missed, next_at)
     values ($1, 'user:nadia', 'x', 'checkout', '0 3 * * *', 'UTC', 'lab.change', 'staging', '{}', 'x', $2, now() + $3::interval)`,
  );
  await db.query(insert, ['made-up-for', 'once', '-1 hour']);
  await db.query(insert, ['skipped', 'skip', '-1 hour']);
  await db.query(insert, ['a-moment-ago', 'skip', '-1 minute']);
  await db.query(insert, ['to-come', 'once', '1 hour']);
  await db.query(
    statement(
      'test-filing',
      `insert into schedule_firings (schedule, at, outcome, try_at) select id, now(), 'filing', now() from schedules where name = 'to-come'`,
    ),
  );
  const done = await db.transaction((tx) => afterRestore(tx));
  const ids = [waiting, queued, claimed].map(({ number }) => `REQ-${number}`);
  const underWay = [sent, unknown].map(({ number }) => `REQ-${number}`);
  expect(done).toEqual({ voided: ids, underWay, held: [], paused: ['made-up-for'] });
  for (const { number } of [waiting, queued, claimed])
    expect(await stored.read(number)).toMatchObject({ state: 'void', failure: { code: 'database.restored' } });
  // Their providers are asked what became of them, and they are not tried again.
  expect(await stored.read(sent.number)).toMatchObject({ state: 'running', doubt: 'restored' });
  expect(await stored.read(unknown.number)).toMatchObject({ state: 'unknown', doubt: 'restored' });
  const firings = statement(
    'test-firings',
    'select s.name, f.outcome, f.try_at from schedule_firings f join schedules s on s.id = f.schedule order by s.name',
  );
  expect(await db.query(firings)).toEqual(
    ['a-moment-ago', 'skipped', 'to-come'].map((name) => ({ name, outcome: 'missed', try_at: null })),
  );
  // No time up to now files anything any more.
  const due = statement('test-due', `select name from schedules where state = 'active' and next_at <= now()`);
  expect(await db.query(due)).toEqual([]);
  const told = statement('test-told', `select resource from audit_events where type = 'schedule.missed' order by resource`);
  expect(await db.query(told)).toEqual([{ resource: 'schedule:a-moment-ago' }, { resource: 'schedule:skipped' }]);
});
