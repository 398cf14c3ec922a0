import type { Output, Plan, TableOutput } from '@guichet/contract';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type AppSession, type Lab, MAJORS, openLab, until } from './lab.ts';

function table(output: Output | undefined): TableOutput {
  if (output?.kind !== 'table') throw new Error(`not a table: ${JSON.stringify(output)}`);
  return output;
}

/** The outcome of each session by its pid. */
const outcomes = (output: Output | undefined) =>
  Object.fromEntries(table(output).rows.map((row) => [row['pid'], row['outcome']]));

const seenPids = (plan: Plan): number[] =>
  (plan.seen as { sessions: { pid: number }[] }).sessions.map(({ pid }) => pid).sort((a, b) => a - b); // what these plans see

const sorted = (sessions: readonly { pid: number }[]): number[] => sessions.map(({ pid }) => pid).sort((a, b) => a - b);

describe.each(MAJORS)('PostgreSQL %i', (major) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await openLab(major);
  });
  afterAll(async () => lab[Symbol.asyncDispose]());
  afterEach(async () => lab.quiet());

  async function stateOf(pid: number): Promise<string | undefined> {
    const [row] = await lab.sql<{ state: string }>('select state from pg_stat_activity where pid = $1', [pid]);
    return row?.state;
  }

  /** A session that runs a statement of its own literal for as long as it is let. */
  async function report(literal: string, superuser = false): Promise<AppSession & { end: Promise<unknown> }> {
    const session = await lab.open('report', { superuser });
    const end = session.start(`select pg_sleep(600), '${literal}' as canary`);
    await until(async () => (await stateOf(session.pid)) === 'active');
    return { ...session, end };
  }

  async function idleInTransaction(application: string, sql = 'select 1'): Promise<AppSession> {
    const session = await lab.open(application);
    await session.client.query(`begin; ${sql}`);
    return session;
  }

  async function fingerprintNow(): Promise<string> {
    const { rows } = table(await lab.postgres.read('activity', { instance: 'pg1', groupBy: 'query', application: 'report' }));
    return String(rows[0]?.['fingerprint']);
  }

  describe('cancel-by-fingerprint', () => {
    const cancel = async (more: Record<string, unknown> = {}) => ({
      instance: 'pg1',
      fingerprint: await fingerprintNow(),
      ...more,
    });

    test('lists in its plan all sessions that run the statement, and why one of them is left alone', async () => {
      const running = [await report('one'), await report('two'), await report('three')];
      const admin = await report('four', true);
      const idle = await lab.open('report');
      await idle.client.query("select pg_sleep(0), 'five' as canary");
      const plan = await lab.postgres.plan('cancel-by-fingerprint', await cancel());
      expect(plan.summary).toBe("Cancels the query of 3 sessions that run 'select pg_sleep(?), ? as canary'");
      expect(seenPids(plan)).toEqual(sorted(running));
      expect(plan.effects).toHaveLength(3);
      expect(plan.effects[0]).toMatch(
        /^'report' \(pid \d+, active for .*\) of user 'orders' from 127\.0\.0\.1:\d+ in database 'postgres'$/,
      );
      expect(plan.warnings).toContain(
        `Not signalled: The pid ${admin.pid} is a session of '${(await lab.sql<{ user: string }>('select session_user as user'))[0]?.user}', a superuser, whom only superusers may signal.`,
      );
      expect(plan.resource).toEqual({ type: 'postgres.instance', id: 'pg1', owner: 'payments' });
      expect(await stateOf(running[0]?.pid ?? 0)).toBe('active');
    });

    test('stops the statement in each of them, and leaves their sessions', async () => {
      const running = [await report('one'), await report('two')];
      const other = await lab.open('report');
      other.start('select pg_sleep(601) as something_else');
      await until(async () => (await stateOf(other.pid)) === 'active');
      const { fingerprint } = await cancel();
      const run = await lab.postgres.run('cancel-by-fingerprint', { instance: 'pg1', fingerprint });
      expect(run.failure).toBeUndefined();
      expect(table(run.output).title).toBe('Stopped 2 of 2 queries');
      expect(outcomes(run.output)).toEqual(Object.fromEntries(running.map(({ pid }) => [pid, 'stopped'])));
      for (const { end, pid } of running) {
        expect(await end).toMatchObject({ code: '57014' });
        expect(await stateOf(pid)).toBe('idle');
      }
      expect(await stateOf(other.pid)).toBe('active');
      expect(run.logs[0]).toBe('Sent the signal to 2 of 2 sessions; watching what becomes of them.');
    });

    test('signals each at what was seen of it: who is at the same statement once more is not stopped', async () => {
      const [first, second] = [await report('one'), await report('two')];
      const input = await cancel();
      const plan = await lab.postgres.plan('cancel-by-fingerprint', input);
      await lab.sql('select pg_cancel_backend($1)', [first.pid]);
      await first.end;
      const again = first.start("select pg_sleep(600), 'again' as canary");
      await until(async () => (await stateOf(first.pid)) === 'active');
      const late = await report('late');
      const run = await lab.postgres.run('cancel-by-fingerprint', input, { plan });
      expect(outcomes(run.output)).toEqual({ [first.pid]: 'had finished', [second.pid]: 'stopped' });
      expect(table(run.output).title).toBe('Stopped 1 of 2 queries, 1 had finished');
      expect(await stateOf(first.pid)).toBe('active');
      expect(await stateOf(late.pid)).toBe('active');
      await lab.sql('select pg_cancel_backend($1)', [first.pid]);
      expect(await again).toMatchObject({ code: '57014' });
    });

    test('warns that those which wait for a lock leave whoever holds it', async () => {
      const holder = await lab.open('orders-migration');
      await holder.client.query("begin; update customers set name = 'x' where id = 1");
      const waiter = await lab.open('report');
      waiter.start("update customers set name = 'x' where id = 1");
      await lab.blocked(waiter.pid);
      const { warnings } = await lab.postgres.plan('cancel-by-fingerprint', await cancel());
      expect(warnings).toContain(
        '1 of them waits for a lock, and so will those that come after: who holds it is not signalled by this. See guichet postgres blocking --instance pg1 --env production',
      );
    });

    test('names the session of a parallel query, and not its workers, which run the same statement', async () => {
      const owner = await lab.open('setup');
      await owner.client.query('create table if not exists big as select n from generate_series(1, 20000) n');
      await owner.client.query('alter table big set (parallel_workers = 2)');
      const session = await lab.open('report');
      await session.client.query(
        'set parallel_setup_cost = 0; set parallel_tuple_cost = 0; set min_parallel_table_scan_size = 0',
      );
      session.start('select count(*) from big where pg_sleep(0.005) is not null');
      await until(
        async () => (await lab.sql("select from pg_stat_activity where backend_type = 'parallel worker'")).length === 2,
      );
      const plan = await lab.postgres.plan('cancel-by-fingerprint', await cancel());
      expect(seenPids(plan)).toEqual([session.pid]);
      expect(plan.warnings.join()).not.toContain('Not signalled');
      const run = await lab.postgres.run('cancel-by-fingerprint', await cancel(), { plan });
      expect(outcomes(run.output)).toEqual({ [session.pid]: 'stopped' });
    });

    test('keeps its fingerprint while sessions come and go, so that a busy statement can be stopped at all', async () => {
      const [first] = [await report('one'), await report('two')];
      const input = await cancel();
      const plan = await lab.postgres.plan('cancel-by-fingerprint', input);
      await lab.sql('select pg_cancel_backend($1)', [first.pid]);
      await first.end;
      const late = await report('late');
      const later = await lab.postgres.plan('cancel-by-fingerprint', input);
      expect(later.fingerprint).toBe(plan.fingerprint);
      expect(seenPids(later)).toContain(late.pid);
      expect((await lab.postgres.plan('cancel-by-fingerprint', { ...input, user: 'orders' })).fingerprint).not.toBe(
        plan.fingerprint,
      );
    });

    test('hits nobody when it runs twice, and says what may be seen of a run that was lost', async () => {
      const running = await report('one');
      const input = await cancel();
      const plan = await lab.postgres.plan('cancel-by-fingerprint', input);
      const observe = () => lab.postgres.observe('cancel-by-fingerprint', input, { runId: crypto.randomUUID(), seen: plan.seen });
      expect(await observe()).toEqual({ status: 'not_started' });
      await lab.postgres.run('cancel-by-fingerprint', input, { plan });
      expect(await observe()).toMatchObject({
        status: 'succeeded',
        output: { title: 'Stopped 0 of 1 queries, 1 gone, by whom was not seen', rows: [{ pid: running.pid, outcome: 'gone' }] },
      });
      const again = running.start("select pg_sleep(600), 'again' as canary");
      await until(async () => (await stateOf(running.pid)) === 'active');
      const second = await lab.postgres.run('cancel-by-fingerprint', input, { plan });
      expect(outcomes(second.output)).toEqual({ [running.pid]: 'had finished' });
      expect(await stateOf(running.pid)).toBe('active');
      await lab.sql('select pg_cancel_backend($1)', [running.pid]);
      await again;
    });

    test('can be narrowed to who has run it for long, and to a user, an application, a database', async () => {
      const running = await report('one');
      await until(async () => {
        const rows = await lab.sql("select from pg_stat_activity where pid = $1 and query_start < now() - interval '0.2s'", [
          running.pid,
        ]);
        return rows.length === 1;
      });
      const input = await cancel();
      expect(seenPids(await lab.postgres.plan('cancel-by-fingerprint', { ...input, olderThan: '100ms' }))).toEqual([running.pid]);
      for (const narrower of [{ olderThan: '1h' }, { user: 'nobody' }, { application: 'web' }, { database: 'shop' }])
        await expect(lab.postgres.plan('cancel-by-fingerprint', { ...input, ...narrower })).rejects.toMatchObject({
          code: 'action.refused',
        });
    });

    test('refuses a fingerprint that nobody runs with what runs, and one that superusers alone run', async () => {
      const running = await report('one');
      const { fingerprint } = await cancel();
      const mistyped = `${fingerprint.slice(0, -1)}${fingerprint.endsWith('0') ? '1' : '0'}`;
      await expect(lab.postgres.plan('cancel-by-fingerprint', { instance: 'pg1', fingerprint: mistyped })).rejects.toMatchObject({
        code: 'action.refused',
        message: `No session on 'pg1' runs a statement of the fingerprint '${mistyped}' now.`,
        remedy: expect.stringContaining(
          `Did you mean ${fingerprint}? What runs now: ${fingerprint} (1 session: select pg_sleep(?)`,
        ),
      });
      await lab.sql('select pg_cancel_backend($1)', [running.pid]);
      await running.end;
      const admin = await report('one', true);
      await expect(lab.postgres.plan('cancel-by-fingerprint', { instance: 'pg1', fingerprint })).rejects.toMatchObject({
        message: expect.stringMatching(
          new RegExp(
            `^Found 1 session that runs 'select .*', but it may not be signalled\\. The pid ${admin.pid} is a session of .*superuser`,
          ),
        ),
        remedy: expect.stringContaining('superuser'),
      });
    });

    test('offers the statements that run, with how many sessions run each', async () => {
      await report('one');
      await report('two');
      const { fingerprint } = await cancel();
      const choices = await lab.postgres.options('cancel-by-fingerprint', 'fingerprint', {
        input: { instance: 'pg1' },
        query: 'sleep',
      });
      expect(choices).toEqual([
        {
          value: fingerprint,
          label: `${fingerprint} select pg_sleep(?), ? as canary`,
          detail: expect.stringMatching(/^2 sessions, the longest for /),
        },
      ]);
    });

    test('sends nothing for a run that is cancelled before, and says what was sent when it is cancelled while it waits', async () => {
      const running = await report('one');
      const input = await cancel();
      const early = await lab.postgres.run('cancel-by-fingerprint', input, { signal: AbortSignal.abort() });
      expect(early.failure).toMatchObject({ kind: 'cancelled' });
      expect(await stateOf(running.pid)).toBe('active');
      process.kill(running.pid, 'SIGSTOP'); // a backend in an uninterruptible system call looks the same
      try {
        const abort = new AbortController();
        const run = await lab.postgres.run('cancel-by-fingerprint', input, {
          signal: abort.signal,
          onMessage: ({ type }) => type === 'log' && abort.abort(),
        });
        expect(run.failure).toMatchObject({
          kind: 'cancelled',
          message: '1 signal was sent, but the run was stopped before all had been heeded.',
        });
      } finally {
        process.kill(running.pid, 'SIGCONT');
      }
    });
  });

  describe('terminate-idle-in-transaction', () => {
    const idleFor = async (session: AppSession, milliseconds: number) =>
      until(async () => {
        const rows = await lab.sql("select from pg_stat_activity where pid = $1 and state_change < now() - $2 * interval '1ms'", [
          session.pid,
          milliseconds,
        ]);
        return rows.length === 1;
      });

    test('ends those that have run nothing in their transaction for so long, and frees who waits for them', async () => {
      const holder = await idleInTransaction('orders-migration', "update customers set name = 'canary' where id = 1");
      const other = await idleInTransaction('report');
      const waiter = await lab.open('checkout');
      waiter.start("update customers set name = 'canary' where id = 1");
      await lab.blocked(waiter.pid);
      await idleFor(other, 100);
      const input = { instance: 'pg1', olderThan: '100ms' };
      const plan = await lab.postgres.plan('terminate-idle-in-transaction', input);
      expect(plan.summary).toBe('Ends 2 sessions idle in transaction for more than 100ms, frees 1 waiting session');
      expect(plan.effects[0]).toMatch(
        /^'orders-migration' \(pid \d+, idle in transaction for .*; its transaction, open for .*, is lost$/,
      );
      expect(plan.warnings).toEqual([
        expect.stringMatching(/^Their transactions, the oldest open for .*, will be rolled back: what has been changed in them/),
      ]);
      const run = await lab.postgres.run('terminate-idle-in-transaction', input, { plan });
      expect(table(run.output).title).toBe('Stopped 2 of 2 sessions, 1 waiting session freed');
      expect(outcomes(run.output)).toEqual({ [holder.pid]: 'stopped', [other.pid]: 'stopped' });
      expect(await stateOf(holder.pid)).toBeUndefined();
      expect(JSON.stringify([plan, run])).not.toContain('canary');
    });

    test('leaves a session alone that has run something since', async () => {
      const [first, second] = [await idleInTransaction('first'), await idleInTransaction('second')];
      await idleFor(second, 50);
      const input = { instance: 'pg1', olderThan: '50ms' };
      const plan = await lab.postgres.plan('terminate-idle-in-transaction', input);
      await second.client.query('select 2');
      const run = await lab.postgres.run('terminate-idle-in-transaction', input, { plan });
      const became = { [first.pid]: 'stopped', [second.pid]: 'had finished' };
      expect(outcomes(run.output)).toEqual(became);
      // Whoever finds a run whose end nobody saw knows who is gone, and that the other lives.
      const observed = await lab.postgres.observe('terminate-idle-in-transaction', input, { runId: 'r-1', seen: plan.seen });
      expect(observed.status === 'succeeded' && outcomes(observed.output)).toEqual({ ...became, [first.pid]: 'gone' });
      expect(await stateOf(second.pid)).toBe('idle in transaction');
    });

    test('says still running of one that does not heed the signal, beside those that do', async () => {
      const [first, second] = [await idleInTransaction('first'), await idleInTransaction('second')];
      await idleFor(second, 50);
      process.kill(first.pid, 'SIGSTOP');
      try {
        const run = await lab.postgres.run('terminate-idle-in-transaction', { instance: 'pg1', olderThan: '50ms' });
        expect(outcomes(run.output)).toEqual({ [first.pid]: 'still running', [second.pid]: 'stopped' });
        expect(table(run.output)).toMatchObject({
          title: 'Stopped 1 of 2 sessions, 1 still running',
          notes: ['The signals stay in force: a session ends when it next looks for signals.'],
        });
        expect(run.progress).toContainEqual({ message: 'Waiting for 1 session', done: 1, total: 2 });
      } finally {
        process.kill(first.pid, 'SIGCONT');
      }
    });

    test('goes on with the others when one has become the session of a superuser, and says so', async () => {
      const [first, second] = [await idleInTransaction('first'), await idleInTransaction('second')];
      await idleFor(second, 50);
      const input = { instance: 'pg1', olderThan: '50ms' };
      const plan = await lab.postgres.plan('terminate-idle-in-transaction', input);
      const superuser = await lab.open('first', { superuser: true });
      await superuser.client.query('begin; select 1');
      const [row] = await lab.sql<{ backendStart: string; queryStart: string }>(
        `select to_char(backend_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "backendStart",
           to_char(query_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "queryStart" from pg_stat_activity where pid = $1`,
        [superuser.pid],
      );
      const { sessions } = plan.seen as { sessions: { pid: number }[] };
      const moved = sessions.map((seen) => (seen.pid === first.pid ? { ...seen, ...row, pid: superuser.pid } : seen));
      const run = await lab.postgres.run('terminate-idle-in-transaction', input, {
        plan: { ...plan, seen: { sessions: moved } },
      });
      expect(outcomes(run.output)).toEqual({ [superuser.pid]: 'refused', [second.pid]: 'stopped' });
      expect(await stateOf(superuser.pid)).toBe('idle in transaction');
    });

    test('leaves a walsender alone that idles in a transaction, and says that replication needs it', async () => {
      const walsender = new pg.Client({ connectionString: lab.superuserUrl, replication: 'database' } as pg.ClientConfig); // the types lack it
      await walsender.connect();
      await walsender.query('begin read only isolation level repeatable read');
      const other = await idleInTransaction('report');
      await idleFor(other, 50);
      const plan = await lab.postgres.plan('terminate-idle-in-transaction', { instance: 'pg1', olderThan: '50ms' });
      expect(seenPids(plan)).toEqual([other.pid]);
      expect(plan.warnings).toContainEqual(
        expect.stringMatching(/^Not signalled: The pid \d+ sends the log to a replica or a backup/),
      );
      await other.client.end();
      await until(async () => (await stateOf(other.pid)) === undefined);
      await expect(
        lab.postgres.plan('terminate-idle-in-transaction', { instance: 'pg1', olderThan: '50ms' }),
      ).rejects.toMatchObject({
        message: expect.stringMatching(
          /^Found 1 session idle in transaction .*, but it may not be signalled\. The pid \d+ sends the log/,
        ),
        remedy: expect.stringContaining('break replication'),
      });
      await walsender.end();
    });

    test('refuses when nobody is like that, and says who comes nearest', async () => {
      const input = { instance: 'pg1', olderThan: '1h' };
      await expect(lab.postgres.plan('terminate-idle-in-transaction', input)).rejects.toMatchObject({
        code: 'action.refused',
        message: "No session on 'pg1' has been idle in transaction for more than 1h.",
        remedy:
          'No session is known to be idle in transaction there now; see guichet postgres activity --instance pg1 --env production',
      });
      await idleInTransaction('report');
      await expect(lab.postgres.plan('terminate-idle-in-transaction', input)).rejects.toMatchObject({
        remedy: expect.stringMatching(
          /^The longest is 'report' \(pid \d+, idle in transaction for .*\): give a shorter --older-than\.$/,
        ),
      });
    });
  });
});
