import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { harness } from '@guichet/sdk/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPostgresProvider } from '../src/index.ts';
import { type Lab, openLab, until } from './lab.ts';
import { connectTo, providerOn, QUICK, silent } from './lease-lab.ts';

let requests = 500;
const nextRequest = (): string => `REQ-${requests++}`;

describe.each([14, 18] as const)('leases on PostgreSQL %i', (major) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await openLab(major);
    await lab.sql('create schema scratch; grant all on schema scratch to public');
  });
  afterAll(async () => lab[Symbol.asyncDispose]());

  const roleOf = async (role: string) => {
    const [row] = await lab.sql<{ until: Date; signsIn: boolean; password: string | null }>(
      'select rolvaliduntil as until, rolcanlogin as "signsIn", rolpassword as password from pg_authid where rolname = $1',
      [role],
    );
    return row;
  };
  const gone = (role: string) => until(async () => (await roleOf(role)) === undefined);

  test('cannot be signed in with before somebody connects, nor with a password that anybody knows', async () => {
    await using lease = await connectTo(lab.provider, { request: nextRequest() });
    expect(await roleOf(lease.role)).toMatchObject({ signsIn: false, password: null });
    expect(await lab.postgres.read('leases.list')).toMatchObject({
      rows: [
        {
          request: lease.role.replace('guichet_lease_req_', 'REQ-'),
          state: 'not opened yet',
          sessions: 0,
          statements: 0,
          who: 'Tester',
        },
      ],
    });
    const client = await lease.open();
    await client.query('select 1');
    expect(await roleOf(lease.role)).toMatchObject({ signsIn: true, password: expect.stringMatching(/^SCRAM-SHA-256\$/) });
    expect(await lab.postgres.read('leases.list', { instance: 'pg1' })).toMatchObject({
      rows: [{ state: 'open', sessions: 1, statements: 1 }],
      notes: [`End one: guichet postgres leases revoke --instance pg1 --lease ${lease.role} --env production`],
    });
    expect(await lab.postgres.options('leases.revoke', 'lease', { input: { instance: 'pg1' } })).toMatchObject([
      { value: lease.role },
    ]);
    const { plan } = await lease.requests.run('leases.revoke', lease.undoInput);
    expect(plan).toMatchObject({
      summary: expect.stringMatching(/^End the lease of Tester \(REQ-\d+\) to read 'postgres' on 'pg1'$/),
      effects: ['1 session of it is ended; what it has not committed is rolled back.', expect.any(String)],
    });
    expect(await lab.postgres.read('leases.list')).toMatchObject({
      rows: [],
      empty: "Nobody is let into a database of 'production' now.",
    });
  });

  test('is kept while somebody holds it, and ends by itself when nobody does', async () => {
    const provider = providerOn(lab, { times: QUICK });
    try {
      await using lease = await connectTo(provider, { request: nextRequest() });
      const hold = await lease.hold();
      await until(async () => (await roleOf(lease.role))?.signsIn === true);
      const first = (await roleOf(lease.role))?.until ?? new Date();
      const long = new Date(first.getTime() + 2 * QUICK.valid * 1000);
      await until(async () => ((await roleOf(lease.role))?.until ?? first) > long);
      const client = await lease.open();
      expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
      await client.end();
      hold.client.end();
      await gone(lease.role);
      const { output } = await lease.requests.run('leases.revoke', lease.undoInput);
      expect(output).toMatchObject({
        summary: expect.stringMatching(/^Had ended at /),
        fields: expect.arrayContaining([expect.objectContaining({ key: 'why', value: 'nobody was connected any more' })]),
      });
      await expect(lease.open()).rejects.toThrow();
    } finally {
      await provider.close();
    }
  });

  test('tells a client that the lease has ended, and lets nobody in again', async () => {
    await using lease = await connectTo(lab.provider, { request: nextRequest() });
    const client = await lease.open();
    const ended = once(client, 'error');
    await client.query('select 1');
    await lease.requests.run('leases.revoke', lease.undoInput);
    const [error] = await ended;
    expect(String(error)).toMatch(/terminat|has ended/);
    await expect(lease.open()).rejects.toThrow(/^REQ-\d+ has ended\.$/);
    const hold = await lease.hold();
    await expect(hold.over).rejects.toMatchObject({ message: expect.stringMatching(/^REQ-\d+ has ended\.$/) });
  });

  test('is served by two providers at once, which do not end each other’s', async () => {
    const one = providerOn(lab, { times: QUICK });
    const other = providerOn(lab, { times: QUICK });
    try {
      const request = nextRequest();
      await using lease = await connectTo(one, { request });
      const hold = await lease.hold();
      // The same request at another provider, as when a gateway asks another replica of it.
      await using same = await connectTo(other, { request, runId: lease.runId });
      for (let round = 0; round < 5; round++) {
        const clients = await Promise.all([lease.open(), same.open(), lease.open(), same.open()]);
        for (const client of clients)
          expect((await client.query('select current_user as who')).rows).toEqual([{ who: lease.role }]);
        await Promise.all(clients.map((client) => client.end()));
      }
      await other.close();
      const until1 = (await roleOf(lease.role))?.until ?? new Date();
      await until(async () => ((await roleOf(lease.role))?.until.getTime() ?? 0) > until1.getTime() + 2 * QUICK.valid * 1000);
      hold.client.end();
      await gone(lease.role);
    } finally {
      await one.close();
      await other.close();
    }
  });

  test('leaves nothing that can be used when its provider is killed', async () => {
    const file = fileURLToPath(new URL('keep-lease.ts', import.meta.url));
    const given = JSON.stringify({ instance: lab.instance, request: nextRequest() });
    const child = spawn(process.execPath, [file, given], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = await once(createInterface({ input: child.stdout }), 'line');
    const { role, undoInput } = JSON.parse(String(line)) as { role: string; undoInput: Record<string, unknown> };
    await until(
      async () =>
        (await lab.sql("select from pg_stat_activity where usename = $1 and wait_event = 'PgSleep'", [role])).length === 1,
    );
    child.kill('SIGKILL');
    await once(child, 'exit');
    // By itself, with nobody there: the server lets nobody in with it any more.
    await until(
      async () => (await lab.sql('select from pg_roles where rolname = $1 and rolvaliduntil < now()', [role])).length === 1,
    );
    const survivor = providerOn(lab, { times: QUICK });
    try {
      await gone(role);
      expect(await lab.sql('select from pg_stat_activity where usename = $1', [role])).toEqual([]);
      const { output } = await lab.postgres.run('leases.revoke', undoInput);
      expect(output).toMatchObject({ summary: `Had ended: ${role} is not there any more; no session is left of it` });
    } finally {
      await survivor.close();
    }
  });

  test('takes nobody’s work for granted: a table in use is waited for, and the rest is done later', async () => {
    await using lease = await connectTo(lab.provider, { request: nextRequest(), role: 'write' });
    const client = await lease.open();
    await client.query('create table scratch.busy (a int); grant all on scratch.busy to public');
    const reader = await lab.open('reader', { superuser: true });
    await reader.client.query('begin; select * from scratch.busy');
    const { failure } = await lease.requests.run('leases.revoke', lease.undoInput);
    expect(failure).toMatchObject({
      kind: 'retryable',
      message: expect.stringMatching(/cannot be taken from it: somebody uses it/),
      remedy: expect.stringMatching(/^Nobody can sign in as it, and its sessions are ended/),
    });
    expect(await roleOf(lease.role)).toMatchObject({ signsIn: false, password: null });
    expect(await lab.postgres.read('leases.list')).toMatchObject({ rows: [{ state: 'ending', sessions: 0 }] });
    await reader.client.query('commit');
    const again = await lease.requests.run('leases.revoke', lease.undoInput);
    // By this run, or by the sweep just before it.
    expect(again.output).toMatchObject({
      summary: expect.stringMatching(/^(?:Ended|Had ended)/),
      fields: expect.arrayContaining([
        expect.objectContaining({ key: 'sessionsEnded', value: 1 }),
        expect.objectContaining({ key: 'objectsReassigned', value: 1 }),
      ]),
    });
    await lab.sql('drop table scratch.busy');
  });

  test('rolls back what it had prepared', async () => {
    await using lease = await connectTo(lab.provider, { request: nextRequest(), role: 'write' });
    const client = await lease.open();
    await client.query(
      "begin; update customers set name = 'x' where id = 3; create table scratch.p (a int); prepare transaction 'mine'",
    );
    const { output } = await lease.requests.run('leases.revoke', lease.undoInput);
    expect(output).toMatchObject({ fields: expect.arrayContaining([expect.objectContaining({ key: 'prepared', value: 1 })]) });
    expect(await lab.sql('select from pg_prepared_xacts')).toEqual([]);
  });

  test('is made once for a run, and known by it afterwards', async () => {
    await using lease = await connectTo(lab.provider, { request: nextRequest() });
    const { requests: harness, input, runId, seen } = lease;
    expect(await harness.observe('connect', input, { runId, seen })).toMatchObject({
      status: 'succeeded',
      output: { kind: 'connection', protocol: 'postgres', database: 'postgres', target: 'postgres on pg1' },
      undoInput: lease.undoInput,
    });
    expect(await harness.observe('connect', input, { runId: 'another', seen })).toMatchObject({ status: 'not_started' });
    const other = await harness.run('connect', input, { runId: 'one more' });
    expect(other.failure).toMatchObject({ message: expect.stringMatching(/belongs to something else/) });
    await harness.run('leases.revoke', lease.undoInput);
  });

  test('says in the plan what it is, and refuses what cannot be', async () => {
    const plan = await lab.postgres.plan('connect', { instance: 'pg1', database: 'shop', role: 'write' });
    expect(plan).toMatchObject({
      summary: "Let Tester read and write the database 'shop' on 'pg1'",
      warnings: ["Every table of 'shop' can be changed, and what is committed stays."],
      resource: { type: 'postgres.database', id: 'pg1/shop', owner: 'payments' },
    });
    await expect(lab.postgres.plan('connect', { instance: 'pg1', database: 'shoop' })).rejects.toMatchObject({
      remedy: "Did you mean 'shop'?",
    });
    await lab.sql('create database closed');
    await lab.sql('revoke connect on database closed from public');
    await expect(lab.postgres.plan('connect', { instance: 'pg1', database: 'closed' })).rejects.toMatchObject({
      remedy: 'Its owner must run: GRANT CONNECT ON DATABASE "closed" TO pg_read_all_data;',
    });
    const fenced = providerOn(lab, { connect: { databases: ['shop'], instances: { pg1: { read: ['reporting'] } } } });
    try {
      await expect(harness(fenced).plan('connect', { instance: 'pg1', database: 'postgres' })).rejects.toMatchObject({
        message: "Nobody is let into the database 'postgres' of 'pg1' in this way.",
        remedy: expect.stringContaining('guichet postgres connect --instance pg1 --database shop --env production'),
      });
      await expect(harness(fenced).plan('connect', { instance: 'pg1', database: 'shop' })).rejects.toMatchObject({
        message: "There is no role 'reporting' on 'pg1', whose rights a lease would have.",
      });
      expect(await harness(fenced).options('connect', 'database', { input: { instance: 'pg1' } })).toEqual([{ value: 'shop' }]);
      await lab.sql('create role reporting');
      if (major >= 16) {
        await expect(harness(fenced).plan('connect', { instance: 'pg1', database: 'shop' })).rejects.toMatchObject({
          remedy: 'A superuser must run there: GRANT reporting TO guichet_admin WITH ADMIN OPTION;',
        });
      }
    } finally {
      await fenced.close();
    }
  });
});

test('needs nothing of PostgreSQL 14 where the configuration names roles of its own', async () => {
  await using lab = await openLab(12);
  await lab.sql(
    "create role guichet_admin login createrole password 'admin-s3cret'; grant pg_monitor, pg_signal_backend to guichet_admin",
  );
  await lab.sql('create role reader; grant select on customers to reader');
  const admin = { user: 'guichet_admin', password: 'admin-s3cret' };
  const provider = createPostgresProvider(
    { instances: [{ ...lab.instance, admin }], connect: { read: ['reader'] } },
    {},
    { logger: silent },
  );
  try {
    await expect(harness(provider).plan('connect', { instance: 'pg1', database: 'shop', role: 'write' })).rejects.toMatchObject({
      message: "There is no role 'pg_read_all_data' on 'pg1', whose rights a lease would have.",
      remedy: expect.stringMatching(/^PostgreSQL has it from version 14 on/),
    });
    await using lease = await connectTo(provider, { request: 'REQ-12' });
    const client = await lease.open();
    expect((await client.query('select count(*)::int as count from customers')).rows).toEqual([{ count: 100 }]);
    await expect(client.query('table pg_statistic')).rejects.toMatchObject({ code: '42501' });
    const { output } = await lease.requests.run('leases.revoke', lease.undoInput);
    expect(output).toMatchObject({ summary: expect.stringMatching(/^Ended: .*1 session ended, no role is left$/) });
  } finally {
    await provider.close();
  }
});
