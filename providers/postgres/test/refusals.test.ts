import { createServer, type Socket } from 'node:net';
import { freePort } from '@guichet/postgres-server';
import { harness } from '@guichet/sdk/testing';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createPostgresProvider } from '../src/index.ts';
import { type InstanceInput, type Lab, MAJORS, openLab, until } from './lab.ts';

describe.each(MAJORS)('PostgreSQL %i', (major) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await openLab(major);
  });
  afterAll(async () => lab[Symbol.asyncDispose]());
  afterEach(async () => lab.quiet());

  const refusal = (message: string | RegExp, remedy: string | RegExp) => ({
    code: 'action.refused',
    message: typeof message === 'string' ? message : expect.stringMatching(message),
    remedy: typeof remedy === 'string' ? remedy : expect.stringMatching(remedy),
  });
  const plan = (action: string, pid: number) => lab.postgres.plan(action, { instance: 'pg1', pid });

  /** A provider on the same server, with an instance that differs in these. */
  async function withInstance(changes: Partial<InstanceInput>, work: (postgres: ReturnType<typeof harness>) => Promise<void>) {
    const provider = createPostgresProvider({ instances: [{ ...lab.instance, ...changes }] });
    try {
      await work(harness(provider));
    } finally {
      await provider.close();
    }
  }

  test('refuses to cancel a session that is idle in transaction, with the command that frees', async () => {
    const { pid, client } = await lab.open('orders-migration');
    await client.query('begin; select 1');
    await expect(plan('cancel-query', pid)).rejects.toMatchObject(
      refusal(
        new RegExp(`^'orders-migration' \\(pid ${pid}, idle in transaction for .*\\) runs no query: .* would free nothing\\.$`),
        `End the session: guichet postgres terminate-session --instance pg1 --pid ${pid} --env production`,
      ),
    );
  });

  test('refuses to cancel an idle session: nothing runs', async () => {
    const { pid } = await lab.open('dashboard');
    await expect(plan('cancel-query', pid)).rejects.toMatchObject(refusal(/there is nothing to cancel\.$/, /had finished/));
  });

  test('refuses a pid that is not there, and names who blocks others', async () => {
    const holder = await lab.open('orders-migration');
    await holder.client.query('begin; update customers set name = name where id = 1');
    const waiter = await lab.open('checkout');
    waiter.start('update customers set name = name where id = 1');
    await lab.blocked(waiter.pid);
    // One digit more than the one that was meant.
    await expect(plan('terminate-session', holder.pid * 10)).rejects.toMatchObject(
      refusal(
        `There is no session with pid ${holder.pid * 10} on 'pg1'.`,
        new RegExp(
          `^Did you mean ${holder.pid}\\? Who blocks others now: 'orders-migration' \\(pid ${holder.pid}, .*\\), 1 session behind it\\.$`,
        ),
      ),
    );
    await lab.quiet();
    await expect(plan('terminate-session', 2_000_000_000)).rejects.toMatchObject(
      refusal(/no session/, /^Nobody blocks others there now/),
    );
  });

  test('refuses sessions of superusers, of Guichet, of replication, and processes of the server', async () => {
    const admin = await lab.open('maintenance', { superuser: true });
    await expect(plan('terminate-session', admin.pid)).rejects.toMatchObject(
      refusal(/of 'postgres', a superuser/, /Ask a superuser/),
    );

    const own = new pg.Client({
      ...lab.instance.actor,
      host: '127.0.0.1',
      port: lab.port,
      database: 'postgres',
      application_name: 'guichet',
    });
    await own.connect();
    const { rows } = await own.query<{ pid: number }>('select pg_backend_pid() as pid');
    await expect(plan('terminate-session', rows[0]?.pid ?? 0)).rejects.toMatchObject(
      refusal(/is a session of Guichet itself/, /ends by itself/),
    );
    await own.end();

    const [checkpointer] = await lab.sql<{ pid: number }>("select pid from pg_stat_activity where backend_type = 'checkpointer'");
    await expect(plan('terminate-session', checkpointer?.pid ?? 0)).rejects.toMatchObject(
      refusal(/a process of the server itself \(checkpointer\)/, /Only sessions of clients/),
    );
    // The types of the driver do not know `replication`, which makes the server start a walsender.
    const options = {
      host: '127.0.0.1',
      port: lab.port,
      user: 'guichet_replica',
      password: 'x',
      database: 'postgres',
      replication: 'database',
    };
    await lab.sql("create role guichet_replica login replication password 'x'");
    const replica = new pg.Client(options);
    replica.on('error', () => {});
    await replica.connect();
    const [sender] = await lab.sql<{ pid: number }>("select pid from pg_stat_activity where backend_type = 'walsender'");
    await expect(plan('terminate-session', sender?.pid ?? 0)).rejects.toMatchObject(
      refusal(/\(walsender\)/, /break replication/),
    );
    await replica.end();
    await lab.sql('drop role guichet_replica');
  });

  test('refuses a worker of a parallel query', async () => {
    const owner = await lab.open('setup');
    await owner.client.query('create table if not exists wide as select n from generate_series(1, 20000) n');
    await owner.client.query('alter table wide set (parallel_workers = 2)');
    const leader = await lab.open('report');
    await leader.client.query('set parallel_setup_cost = 0; set parallel_tuple_cost = 0; set min_parallel_table_scan_size = 0');
    leader.start('select count(*) from wide where pg_sleep(0.005) is not null');
    let worker = 0;
    await until(async () => {
      const [row] = await lab.sql<{ pid: number }>("select pid from pg_stat_activity where backend_type = 'parallel worker'");
      worker = row?.pid ?? 0;
      return worker > 0;
    });
    await expect(plan('cancel-query', worker)).rejects.toMatchObject(
      // Who leads is known from 13 on.
      refusal(
        /worker of a parallel query/,
        major >= 13 ? new RegExp(`cancel-query --instance pg1 --pid ${leader.pid} `) : /runs the query/,
      ),
    );
  });

  test('refuses a session whose activity is not tracked: there is nothing to bind to', async () => {
    await lab.sql('alter role orders set track_activities = off');
    try {
      const { pid } = await lab.open('shy');
      await expect(plan('terminate-session', pid)).rejects.toMatchObject(
        refusal(/is not known: track_activities is off/, /nothing to bind/),
      );
    } finally {
      await lab.sql('alter role orders reset track_activities');
    }
  });

  test('does not signal a superuser even when the plan says so, and says why', async () => {
    const holder = await lab.open('orders-migration');
    const admin = await lab.open('maintenance', { superuser: true });
    const made = await plan('terminate-session', holder.pid);
    const [row] = await lab.sql<{ start: string }>(
      `select to_char(backend_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as start from pg_stat_activity where pid = $1`,
      [admin.pid],
    );
    const seen = { ...(made.seen as object), pid: admin.pid, backendStart: row?.start, boundTo: 'session' };
    const run = await lab.postgres.run('terminate-session', { instance: 'pg1', pid: admin.pid }, { plan: { ...made, seen } });
    expect(run.failure).toMatchObject({
      kind: 'permanent',
      message: expect.stringContaining("does not let 'guichet_actor' signal"),
    });
    expect(await admin.client.query('select 1')).toMatchObject({ rowCount: 1 });
  });

  test('refuses a run that names nothing that was seen', async () => {
    const { pid } = await lab.open('dashboard');
    const made = await plan('terminate-session', pid);
    const { seen: _, ...blind } = made;
    const run = await lab.postgres.run('terminate-session', { instance: 'pg1', pid }, { plan: blind });
    expect(run.failure).toMatchObject({ kind: 'permanent', message: expect.stringContaining('nothing to bind a signal to') });
  });

  test('says which right a login lacks, with the statement that grants it', async () => {
    await lab.sql("create role bare login password 'bare'");
    const bare = { user: 'bare', password: 'bare' };
    const { pid } = await lab.open('dashboard');
    const input = { instance: 'pg1', pid };
    await withInstance({ observer: bare }, async (postgres) => {
      await expect(postgres.read('activity', { instance: 'pg1' })).rejects.toMatchObject(
        refusal("The observer login 'bare' of the instance 'pg1' is not a member of pg_monitor.", /: GRANT pg_monitor TO bare;$/),
      );
    });
    await withInstance({ actor: bare }, async (postgres) => {
      await expect(postgres.plan('terminate-session', input)).rejects.toMatchObject(
        refusal(/pg_signal_backend/, /: GRANT pg_signal_backend TO bare;$/),
      );
      await lab.sql('grant pg_signal_backend to bare');
      await expect(postgres.plan('terminate-session', input)).rejects.toMatchObject(
        refusal(/pg_read_all_stats/, /: GRANT pg_read_all_stats TO bare;$/),
      );
      // Approved while it had the right, run when it has it no more: it must not say that the session had finished.
      const made = await plan('terminate-session', pid);
      const run = await postgres.run('terminate-session', input, { plan: made });
      expect(run.failure).toMatchObject({ kind: 'permanent', message: expect.stringContaining('pg_read_all_stats') });
    });
    await lab.sql('drop role bare');
  });

  test('says that a password is wrong, and never shows it', async () => {
    const logged: unknown[] = [];
    const log = (...entry: unknown[]) => void logged.push(entry);
    const wrong = { user: 'guichet_observer', password: 'wr0ng-passw0rd' };
    const provider = createPostgresProvider({ instances: [{ ...lab.instance, observer: wrong }] });
    const postgres = harness(provider, { logger: { info: log, warn: log, error: log } });
    const error = await postgres.read('activity', { instance: 'pg1' }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject(
      refusal("The instance 'pg1' refuses the observer login 'guichet_observer': wrong password.", /instances\.pg1\.observer/),
    );
    const listed = await postgres.read('instances');
    expect(listed).toMatchObject({ rows: [{ name: 'pg1', state: 'down', reason: expect.stringContaining('wrong password') }] });
    expect(
      JSON.stringify([error, listed, logged], (_, value) =>
        value instanceof Error ? { ...value, message: value.message, stack: value.stack } : value,
      ),
    ).not.toContain('wr0ng');
    await provider.close();
  });

  test('says that a database does not exist', async () => {
    await withInstance({ databases: ['nowhere'] }, async (postgres) => {
      await expect(postgres.read('blocking', { instance: 'pg1' })).rejects.toMatchObject(
        refusal(/does not exist/, /under databases/),
      );
    });
  });

  test('says that a server does not speak TLS where the configuration asks for it', async () => {
    await withInstance({ tls: true }, async (postgres) => {
      await expect(postgres.read('blocking', { instance: 'pg1' })).rejects.toMatchObject(
        refusal(/it does not speak TLS/, /payments/),
      );
    });
  });

  test('knows poolers by the addresses that the configuration names', async () => {
    const { pid } = await lab.open('checkout');
    const input = { instance: 'pg1', pid };
    expect((await lab.postgres.plan('terminate-session', input)).warnings).toEqual([]);
    await withInstance({ poolers: ['127.0.0.1'] }, async (postgres) => {
      const { warnings } = await postgres.plan('terminate-session', input);
      expect(warnings).toEqual([expect.stringContaining('connection pooler')]);
    });
  });

  test('goes on after the server has cut every connection that it had', async () => {
    await lab.postgres.read('instances');
    await lab.sql("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'guichet'");
    expect(await lab.postgres.read('activity', { instance: 'pg1' })).toMatchObject({ kind: 'table' });
  });

  test('refuses an instance that is not there, or not in this environment', async () => {
    const provider = createPostgresProvider({
      instances: [lab.instance, { ...lab.instance, name: 'orders-db', environment: 'staging' }],
    });
    const postgres = harness(provider);
    const read = (instance: string) => postgres.read('activity', { instance });
    await expect(read('pg2')).rejects.toMatchObject(
      refusal("There is no instance 'pg2' in 'production'.", "Did you mean 'pg1'?"),
    );
    await expect(read('billing')).rejects.toMatchObject(refusal(/billing/, 'There are: pg1.'));
    await expect(read('orders-db')).rejects.toMatchObject(
      refusal(/orders-db/, "'orders-db' is in 'staging': add --env staging."),
    );
    expect(await postgres.read('instances')).toMatchObject({ rows: [{ name: 'pg1' }] });
    expect(await postgres.options('activity', 'instance')).toMatchObject([{ value: 'pg1' }]);
    expect(await harness(provider, { environment: 'elsewhere' }).read('instances')).toMatchObject({ rows: [] });
    await provider.close();
  });
});

test('lists an instance that is down or silent beside one that is up, and refuses to read it', async () => {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => void sockets.push(socket)); // takes connections and never says a word
  const port = await freePort();
  await new Promise<void>((done) => silent.listen(port, '127.0.0.1', done));
  await using lab = await openLab(18);
  const provider = createPostgresProvider({
    instances: [
      lab.instance,
      { ...lab.instance, name: 'down', port: await freePort() },
      { ...lab.instance, name: 'silent', port },
      { ...lab.instance, name: 'unknown', host: 'no-such-host.invalid' },
    ],
  });
  const postgres = harness(provider);
  const listed = await postgres.read('instances');
  expect(listed).toMatchObject({
    rows: [
      {
        name: 'down',
        state: 'down',
        version: null,
        reason: expect.stringMatching(/^The instance 'down' \(127\.0\.0\.1:\d+\) cannot be reached: connection refused\.$/),
      },
      { name: 'pg1', state: 'up' },
      { name: 'silent', state: 'down', reason: expect.stringContaining('no answer in time') },
      { name: 'unknown', state: 'down', reason: expect.stringMatching(/host name/) },
    ],
  });
  await expect(postgres.read('activity', { instance: 'down' })).rejects.toMatchObject({
    code: 'action.refused',
    message: expect.stringMatching(/'down' .* connection refused/),
    remedy: expect.stringContaining("ask the team 'payments'"),
  });
  const choices = await postgres.options('activity', 'instance', { query: 'dwn' });
  expect(choices).toEqual([{ value: 'down', detail: expect.stringMatching(/^down: .*connection refused/) }]);
  await provider.close();
  for (const socket of sockets) socket.destroy();
  await new Promise((done) => silent.close(done));
});

test('fails a run with something to retry when the instance is down by then', async () => {
  const lab = await openLab(18);
  const session = await lab.open('dashboard');
  const plan = await lab.postgres.plan('terminate-session', { instance: 'pg1', pid: session.pid });
  const provider = createPostgresProvider({ instances: [{ ...lab.instance, port: await freePort() }] });
  const run = await harness(provider).run('terminate-session', { instance: 'pg1', pid: session.pid }, { plan });
  expect(run.failure).toMatchObject({
    kind: 'retryable',
    message: expect.stringContaining('cannot be reached: connection refused'),
  });
  await provider.close();
  await lab[Symbol.asyncDispose]();
});
