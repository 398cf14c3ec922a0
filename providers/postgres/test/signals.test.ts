import type { Output, Plan } from '@guichet/contract';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type AppSession, type Lab, MAJORS, openLab, until } from './lab.ts';

/** The fields of a receipt by their keys. */
function receipt(output: Output | undefined): Record<string, unknown> & { summary: string } {
  if (output?.kind !== 'record') throw new Error(`not a receipt: ${JSON.stringify(output)}`);
  return { ...Object.fromEntries(output.fields.map(({ key, value }) => [key, value])), summary: output.summary };
}

/** The plan, with other facts to bind to. */
function rebound(plan: Plan, facts: Record<string, unknown>): Plan {
  return { ...plan, seen: { ...(plan.seen as object), ...facts } };
}

describe.each(MAJORS)('PostgreSQL %i', (major) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await openLab(major);
  });
  afterAll(async () => lab[Symbol.asyncDispose]());
  afterEach(async () => lab.quiet());

  async function migration(): Promise<AppSession> {
    const session = await lab.open('orders-migration');
    await session.client.query("begin; update customers set name = 'canary' where id = 1");
    return session;
  }

  async function checkout(): Promise<AppSession> {
    const session = await lab.open('checkout');
    session.start("update customers set name = 'canary' where id = 1");
    await lab.blocked(session.pid);
    return session;
  }

  /** A session that runs a statement for as long as it is let. */
  async function report(): Promise<AppSession & { end: Promise<unknown> }> {
    const session = await lab.open('report');
    const end = session.start("select pg_sleep(600), 'canary'");
    await until(async () => (await stateOf(session.pid)) === 'active');
    return { ...session, end };
  }

  async function stateOf(pid: number): Promise<string | undefined> {
    const [row] = await lab.sql<{ state: string }>('select state from pg_stat_activity where pid = $1', [pid]);
    return row?.state;
  }

  /** A session as `activity` shows it. */
  async function shown(pid: number): Promise<Record<string, unknown>> {
    const output = await lab.postgres.read('activity', { instance: 'pg1' });
    const row = output.kind === 'table' ? output.rows.find((candidate) => candidate['pid'] === pid) : undefined;
    if (row === undefined) throw new Error(`activity does not show ${pid}`);
    return row;
  }

  const terminate = (pid: number, more: Record<string, unknown> = {}) => ({ instance: 'pg1', pid, ...more });

  test('plans in words what ending a session would do, and changes nothing', async () => {
    const { pid } = await migration();
    await checkout();
    await checkout();
    const plan = await lab.postgres.plan('terminate-session', terminate(pid));
    expect(plan.summary).toMatch(
      new RegExp(
        `^Ends the session of 'orders-migration' \\(pid ${pid}, idle in transaction for [\\d.]+m?s\\), frees 2 waiting sessions$`,
      ),
    );
    expect(plan.effects).toEqual([
      expect.stringMatching(/^The connection of user 'orders' from 127\.0\.0\.1:\d+ to database 'postgres' is closed\.$/),
      // Several statements that were sent as one text are shown as one.
      expect.stringMatching(/^Its last statement was: begin; update customers set name = \? where id = \?$/),
      expect.stringMatching(/^Can go on: 'checkout' \(pid \d+, active for .*\), 'checkout' \(.*\)\.$/),
    ]);
    expect(plan.warnings).toEqual([expect.stringMatching(/^Its transaction, open for .*, will be rolled back/)]);
    expect(plan.resource).toEqual({ type: 'postgres.instance', id: 'pg1', owner: 'payments' });
    expect(plan.seen).toMatchObject({
      pid,
      state: 'idle in transaction',
      backendStart: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
      queryStart: expect.stringMatching(/\.\d{6}Z$/),
    });
    expect(JSON.stringify(plan)).not.toContain('canary');
    expect(await stateOf(pid)).toBe('idle in transaction');
  });

  test('ends the session, sees it go, and counts who was freed', async () => {
    const holder = await migration();
    await checkout();
    await checkout();
    await checkout();
    const run = await lab.postgres.run('terminate-session', terminate(holder.pid));
    expect(run.failure).toBeUndefined();
    expect(receipt(run.output)).toMatchObject({
      outcome: 'stopped',
      application: 'orders-migration',
      pid: holder.pid,
      user: 'orders',
      freed: 3,
      waited: 3,
      duration: expect.any(Number),
      summary: expect.stringMatching(
        /^Stopped: the session of 'orders-migration' \(pid \d+\) ended after .*s, 3 waiting sessions freed$/,
      ),
    });
    expect(run.logs).toEqual([
      `Sent the signal to 'orders-migration' (pid ${holder.pid}); watching what becomes of it.`,
      `The session of 'orders-migration' (pid ${holder.pid}) ended.`,
      '3 sessions of 3 that waited behind it can go on.',
    ]);
    expect(await stateOf(holder.pid)).toBeUndefined();
  });

  test('counts only those as freed that go on, and says where to look for the rest', async () => {
    const holder = await migration();
    const other = await lab.open('other');
    await other.client.query('begin; update customers set name = name where id = 2');
    const waiter = await lab.open('checkout');
    // Waits for the first row now, and for the second one as soon as it has the first.
    waiter.start('update customers set name = name where id in (1, 2)');
    await lab.blocked(waiter.pid);
    const run = await lab.postgres.run('terminate-session', terminate(holder.pid));
    expect(receipt(run.output)).toMatchObject({ outcome: 'stopped', freed: 0, waited: 1 });
    expect(receipt(run.output).summary).toMatch(/, 0 of 1 waiting sessions freed$/);
    expect(run.output).toMatchObject({
      notes: ['See who still waits, and on whom: guichet postgres blocking --instance pg1 --env production'],
    });
  });

  test('cancels a query, and leaves its session', async () => {
    const { pid, end } = await report();
    const plan = await lab.postgres.plan('cancel-query', terminate(pid));
    expect(plan.summary).toMatch(new RegExp(`^Cancels the query of 'report' \\(pid ${pid}, active for [\\d.]+m?s\\)$`));
    const run = await lab.postgres.run('cancel-query', terminate(pid), { plan });
    expect(receipt(run.output)).toMatchObject({
      outcome: 'stopped',
      freed: 0,
      summary: expect.stringMatching(/^Stopped: the query of 'report' \(pid \d+\) was cancelled after .*s$/),
    });
    expect(await end).toMatchObject({ code: '57014' });
    expect(await stateOf(pid)).toBe('idle');
    expect(JSON.stringify([plan, run])).not.toContain('canary');
  });

  test('plans nothing for another session, or another statement, than the one that was seen', async () => {
    const session = await report();
    const { startedAt, statementStartedAt } = await shown(session.pid);
    await lab.postgres.plan('cancel-query', terminate(session.pid, { startedAt, statementStartedAt }));
    await expect(
      lab.postgres.plan('terminate-session', terminate(session.pid, { startedAt: '2026-01-01T00:00:00.000000Z' })),
    ).rejects.toThrow(`The session that you saw with pid ${session.pid} has ended; 'report'`);
    await lab.sql('select pg_cancel_backend($1)', [session.pid]);
    await session.end;
    const next = session.start('select pg_sleep(600)');
    await until(async () => (await stateOf(session.pid)) === 'active');
    await expect(lab.postgres.plan('cancel-query', terminate(session.pid, { startedAt, statementStartedAt }))).rejects.toThrow(
      'is at another statement than the one that you saw.',
    );
    await lab.postgres.plan('terminate-session', terminate(session.pid, { startedAt }));
    await lab.sql('select pg_cancel_backend($1)', [session.pid]);
    expect(await next).toMatchObject({ code: '57014' });
  });

  test('signals nothing when the query has finished since, though the session runs another one', async () => {
    const session = await report();
    const plan = await lab.postgres.plan('cancel-query', terminate(session.pid));
    await lab.sql('select pg_cancel_backend($1)', [session.pid]);
    await session.end;
    const next = session.start('select pg_sleep(600)');
    await until(async () => (await stateOf(session.pid)) === 'active');
    const run = await lab.postgres.run('cancel-query', terminate(session.pid), { plan });
    expect(receipt(run.output)).toMatchObject({
      outcome: 'had finished',
      freed: 0,
      summary: `Had finished: 'report' (pid ${session.pid}) does something else by now; nothing was signalled`,
    });
    expect(await stateOf(session.pid)).toBe('active');
    expect((await lab.postgres.plan('cancel-query', terminate(session.pid))).fingerprint).not.toBe(plan.fingerprint);
    await lab.sql('select pg_cancel_backend($1)', [session.pid]);
    expect(await next).toMatchObject({ code: '57014' });
  });

  test('signals nothing when the session is at something else than what was seen', async () => {
    const holder = await migration();
    const plan = await lab.postgres.plan('terminate-session', terminate(holder.pid));
    await holder.client.query('commit');
    const run = await lab.postgres.run('terminate-session', terminate(holder.pid), { plan });
    expect(receipt(run.output)).toMatchObject({ outcome: 'had finished' });
    expect(await stateOf(holder.pid)).toBe('idle');
  });

  test('never signals a session that has got the pid of the one that was seen', async () => {
    for (const boundTo of ['statement', 'session']) {
      const holder = await migration();
      const plan = await lab.postgres.plan('terminate-session', terminate(holder.pid, { anyStatement: boundTo === 'session' }));
      expect(plan.seen).toMatchObject({ boundTo });
      // As if the one that was seen had begun a microsecond earlier, ended, and left its pid to this one.
      const { backendStart } = plan.seen as { backendStart: string };
      const [row] = await lab.sql<{ earlier: string }>(
        `select to_char(($1::timestamptz - interval '1 microsecond') at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as earlier`,
        [backendStart],
      );
      const run = await lab.postgres.run('terminate-session', terminate(holder.pid), {
        plan: rebound(plan, { backendStart: row?.earlier }),
      });
      expect(receipt(run.output)).toMatchObject({
        outcome: 'had finished',
        summary: `Had finished: 'orders-migration' (pid ${holder.pid}) is gone; nothing was signalled`,
      });
      expect(await stateOf(holder.pid)).toBe('idle in transaction');
      await holder.client.end();
    }
  });

  test('binds to microseconds: the same time in milliseconds is another statement', async () => {
    const holder = await migration();
    let plan = await lab.postgres.plan('terminate-session', terminate(holder.pid));
    const started = () => (plan.seen as { queryStart: string }).queryStart;
    // One statement in a thousand begins on a whole millisecond, and would show nothing.
    while (/000Z$/.test(started())) {
      await holder.client.query('select 1');
      plan = await lab.postgres.plan('terminate-session', terminate(holder.pid));
    }
    const rounded = rebound(plan, { queryStart: new Date(started()).toISOString() });
    const missed = await lab.postgres.run('terminate-session', terminate(holder.pid), { plan: rounded });
    expect(receipt(missed.output)).toMatchObject({ outcome: 'had finished' });
    const hit = await lab.postgres.run('terminate-session', terminate(holder.pid), { plan });
    expect(receipt(hit.output)).toMatchObject({ outcome: 'stopped' });
  });

  test('binds to the same moment whatever the time zone and date style of the logins are', async () => {
    const { pid } = await migration();
    const plan = await lab.postgres.plan('terminate-session', terminate(pid));
    const change = (role: string, how: string) =>
      lab.sql(`alter role ${role} ${how} timezone; alter role ${role} ${how} datestyle`);
    await lab.sql("alter role guichet_actor set timezone = 'Asia/Kolkata'; alter role guichet_actor set datestyle = 'SQL, DMY'");
    await lab.sql("alter role guichet_observer set timezone = 'America/New_York'");
    // Connections that are open keep their settings.
    await lab.sql("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'guichet'");
    try {
      expect((await lab.postgres.plan('terminate-session', terminate(pid))).fingerprint).toBe(plan.fingerprint);
      const run = await lab.postgres.run('terminate-session', terminate(pid), { plan });
      expect(receipt(run.output)).toMatchObject({ outcome: 'stopped' });
    } finally {
      for (const role of ['guichet_actor', 'guichet_observer']) await change(role, 'reset');
      await lab.sql("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'guichet'");
    }
  });

  test('keeps its fingerprint while time passes and more sessions come to wait, and changes it with the statement', async () => {
    const holder = await migration();
    const plan = await lab.postgres.plan('terminate-session', terminate(holder.pid));
    await checkout();
    const later = await lab.postgres.plan('terminate-session', terminate(holder.pid));
    expect(later.summary).not.toBe(plan.summary);
    expect(later.fingerprint).toBe(plan.fingerprint);
    await holder.client.query('select 1');
    expect((await lab.postgres.plan('terminate-session', terminate(holder.pid))).fingerprint).not.toBe(plan.fingerprint);
  });

  test('with anyStatement, ends a session that has moved on to its next statement', async () => {
    const holder = await migration();
    const plan = await lab.postgres.plan('terminate-session', terminate(holder.pid, { anyStatement: true }));
    await holder.client.query('select 1');
    const again = await lab.postgres.plan('terminate-session', terminate(holder.pid, { anyStatement: true }));
    expect(again.fingerprint).toBe(plan.fingerprint);
    const run = await lab.postgres.run('terminate-session', terminate(holder.pid, { anyStatement: true }), { plan });
    expect(receipt(run.output)).toMatchObject({ outcome: 'stopped' });
    expect(await stateOf(holder.pid)).toBeUndefined();
  });

  test('may run twice: the second run hits nobody', async () => {
    const holder = await migration();
    const first = await lab.postgres.run('terminate-session', terminate(holder.pid));
    const second = await lab.postgres.run('terminate-session', terminate(holder.pid), { plan: first.plan });
    expect(receipt(first.output)).toMatchObject({ outcome: 'stopped' });
    expect(receipt(second.output)).toMatchObject({
      outcome: 'had finished',
      summary: expect.stringContaining('is gone; nothing was signalled'),
    });
  });

  test('observes whether what was bound is still there', async () => {
    const { pid } = await report();
    const { seen } = await lab.postgres.plan('cancel-query', terminate(pid));
    const observe = () => lab.postgres.observe('cancel-query', terminate(pid), { runId: crypto.randomUUID(), seen });
    expect(await observe()).toEqual({ status: 'not_started' });
    await lab.sql('select pg_cancel_backend($1)', [pid]);
    await until(async () => (await stateOf(pid)) === 'idle');
    expect(await observe()).toMatchObject({
      status: 'succeeded',
      output: { summary: `The query of 'report' (pid ${pid}) is not there any more; whether this run stopped it was not seen` },
    });
  });

  test('says still running of a session that does not heed the signal, and tells how long it waits', async () => {
    const holder = await migration();
    process.kill(holder.pid, 'SIGSTOP'); // a backend in an uninterruptible system call looks the same
    try {
      const run = await lab.postgres.run('terminate-session', terminate(holder.pid));
      expect(receipt(run.output)).toMatchObject({ outcome: 'still running', freed: 0 });
      expect(receipt(run.output).summary).toMatch(
        /^Still running: the session of 'orders-migration' .* has not heeded the signal within 2/,
      );
      expect(run.progress).toContainEqual({ message: `Waiting for pid ${holder.pid} to heed it`, done: 1, total: 2 });
    } finally {
      process.kill(holder.pid, 'SIGCONT');
    }
  });

  test('stops watching when the run is cancelled, and says that the signal is on its way', async () => {
    const holder = await migration();
    process.kill(holder.pid, 'SIGSTOP');
    try {
      const cancel = new AbortController();
      const run = await lab.postgres.run('terminate-session', terminate(holder.pid), {
        signal: cancel.signal,
        onMessage: ({ type }) => type === 'log' && cancel.abort(),
      });
      expect(run.failure).toMatchObject({
        kind: 'cancelled',
        message: `The signal was sent to 'orders-migration' (pid ${holder.pid}), but the run was stopped before it was heeded.`,
      });
    } finally {
      process.kill(holder.pid, 'SIGCONT');
    }
  });

  test('sends nothing for a run that is cancelled before', async () => {
    const holder = await migration();
    const run = await lab.postgres.run('terminate-session', terminate(holder.pid), { signal: AbortSignal.abort() });
    expect(run.failure).toMatchObject({ kind: 'cancelled' });
    expect(await stateOf(holder.pid)).toBe('idle in transaction');
  });

  test('cancels the blocker of a deadlock, and the other one goes on', async () => {
    const [first, second] = [await lab.open('first'), await lab.open('second')];
    await first.client.query('begin; update customers set name = null where id = 1');
    await second.client.query('begin; update customers set name = null where id = 2');
    first.start('update customers set name = null where id = 2');
    await lab.blocked(first.pid);
    second.start('update customers set name = null where id = 1');
    await lab.blocked(second.pid);
    const run = await lab.postgres.run('cancel-query', terminate(first.pid));
    expect(run.plan.warnings.join()).toContain('part of a deadlock');
    expect(run.plan.summary).toMatch(/frees 1 waiting session$/);
    expect(receipt(run.output)).toMatchObject({ outcome: 'stopped', freed: 1, waited: 1 });
  });

  test('warns of a pooler, whose session may serve another client by then', async () => {
    const { pid } = await lab.open('pgbouncer');
    const plan = await lab.postgres.plan('terminate-session', terminate(pid));
    expect(plan.warnings).toEqual([expect.stringContaining('connection pooler')]);
    expect(plan.summary).toMatch(/^Ends the session of 'pgbouncer' \(pid \d+, idle for .*\)$/);
  });

  test('names the user of a session whose application has no name', async () => {
    const session = await lab.open('');
    const plan = await lab.postgres.plan('terminate-session', terminate(session.pid));
    expect(plan.summary).toMatch(/^Ends the session of user 'orders' \(pid \d+, idle for/);
  });
});
