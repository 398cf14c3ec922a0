import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ADMIN_MAJORS, type Lab, openLab, until } from './lab.ts';
import { type Connected, connectTo } from './lease-lab.ts';

let requests = 100;
const nextRequest = (): string => `REQ-${requests++}`;

describe.each(ADMIN_MAJORS)('PostgreSQL %i', (major) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await openLab(major);
    await lab.sql('create table big (n int, filler text)');
    await lab.sql("insert into big select n, repeat('x', 200) from generate_series(1, 20000) n");
  });
  afterAll(async () => lab[Symbol.asyncDispose]());

  async function leased(role: 'read' | 'write' = 'read', database = 'postgres'): Promise<Connected> {
    return connectTo(lab.provider, { request: nextRequest(), role, database });
  }

  async function revoke({ requests: harness, undoInput }: Connected) {
    const run = await harness.run('leases.revoke', undoInput);
    if (run.failure) throw new Error(run.failure.message);
    return run;
  }

  test('lets somebody read every table and write none', async () => {
    await using lease = await leased('read');
    const client = await lease.open();
    const { rows } = await client.query('select count(*)::int as count from customers');
    expect(rows).toEqual([{ count: 100 }]);
    await expect(client.query("update customers set name = 'x'")).rejects.toMatchObject({ code: '25006' });
    await client.query('set default_transaction_read_only = off');
    for (const sql of [
      "update customers set name = 'x'",
      'delete from customers',
      'truncate customers',
      'drop table customers',
    ]) {
      await expect(client.query(sql)).rejects.toMatchObject({ code: '42501' });
    }
    await revoke(lease);
  });

  test('lets somebody write rows, and nothing that is not rows', async () => {
    await using lease = await leased('write');
    const client = await lease.open();
    const updated = await client.query("update customers set name = 'Ana' where id = $1 returning name", [1]);
    expect(updated.rows).toEqual([{ name: 'Ana' }]);
    for (const sql of [
      'truncate customers',
      'drop table customers',
      'create role mine',
      'create database mine',
      "copy customers to program 'cat'",
    ]) {
      await expect(client.query(sql)).rejects.toMatchObject({ code: '42501' });
    }
    await revoke(lease);
  });

  test('records each statement, masked, before the server gets it', async () => {
    await using lease = await leased();
    const client = await lease.open();
    await client.query("select name from customers where name = 'canary'");
    await client.query({ name: 'by-id', text: 'select name from customers where id = $1', values: [7] });
    await client.query({ name: 'by-id', text: 'select name from customers where id = $1', values: [8] });
    expect(lease.events.map(({ summary }) => summary)).toEqual([
      'select name from customers where name = ?',
      'select name from customers where id = $1',
    ]);
    await revoke(lease);
  });

  test('lets no statement through that could not be recorded', async () => {
    await using lease = await connectTo(lab.provider, {
      request: nextRequest(),
      role: 'write',
      record: ({ summary }) => {
        if (summary.startsWith('delete')) throw new Error('the disk is full');
      },
    });
    const client = await lease.open();
    await client.query('select 1');
    await expect(client.query('delete from customers where id = 2')).rejects.toThrow(
      /The statement was not run, because it could not be written to the audit log/,
    );
    expect(await lab.sql('select from customers where id = 2')).toHaveLength(1);
    await revoke(lease);
  });

  test('refuses what names the places of passwords, or changes its role, and goes on', async () => {
    await using lease = await leased();
    const client = await lease.open();
    await expect(client.query('select rolpassword from pg_authid')).rejects.toMatchObject({
      code: '42501',
      message: 'Guichet does not let statements through that name the places where PostgreSQL keeps passwords.',
    });
    await expect(client.query({ name: 'shadow', text: 'select passwd from pg_shadow' })).rejects.toMatchObject({ code: '42501' });
    await expect(client.query("alter role current_user password 'mine'")).rejects.toMatchObject({ code: '42501' });
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    expect(lease.events.map(({ details }) => details !== undefined)).toEqual([true, true, true, false]);
    await revoke(lease);
  });

  test('passes large results, copies and statements sent ahead', async () => {
    await using lease = await leased('write');
    const client = await lease.open();
    const { rows } = await client.query('select n, filler from big order by n');
    expect(rows).toHaveLength(20_000);
    expect(rows.at(-1)).toEqual({ n: 20_000, filler: 'x'.repeat(200) });
    const text = randomBytes(600_000).toString('hex');
    const echoed = await client.query('select length($1::text) as length, md5($1) as md5', [text]);
    expect(echoed.rows[0]?.length).toBe(1_200_000);
    const long = await client.query(`select length('${text}') as length`);
    expect(long.rows).toEqual([{ length: 1_200_000 }]);
    expect(lease.events.at(-1)?.summary).toBe(
      'SELECT …(masked) (too long to be read through: other statements may follow in it)',
    );
    const answers = await Promise.all(Array.from({ length: 200 }, (_, n) => client.query('select $1::int as n', [n])));
    expect(answers.map((answer) => answer.rows[0]?.n)).toEqual(Array.from({ length: 200 }, (_, n) => n));
    await revoke(lease);
  });

  test('serves 64 clients at once, and counts what they have sent', async () => {
    await lab.sql('alter role guichet_admin connection limit 20');
    await using lease = await connectTo(lab.provider, { request: nextRequest() });
    await lab.sql(`alter role ${lease.role} connection limit 64`);
    const hold = await lease.hold();
    const clients = await Promise.all(Array.from({ length: 64 }, () => lease.open()));
    const pids = await Promise.all(
      clients.map(async (client) => (await client.query('select pg_backend_pid() as pid')).rows[0]?.pid),
    );
    expect(new Set(pids).size).toBe(64);
    await expect(lease.open()).rejects.toThrow(/too many connections for role/);
    const { output } = await revoke(lease);
    expect(output).toMatchObject({ summary: expect.stringMatching(/64 sessions ended/) });
    await hold.over.catch(() => {});
    hold.client.destroy();
  });

  test('cancels a statement at the word of the client', async () => {
    await using lease = await leased();
    const client = await lease.open();
    const running = client.query('select pg_sleep(600)').catch((error: unknown) => error);
    await until(async () => {
      const rows = await lab.sql("select from pg_stat_activity where usename = $1 and wait_event = 'PgSleep'", [lease.role]);
      return rows.length === 1;
    });
    const other = new (await import('pg')).default.Client({ host: '127.0.0.1', port: lease.port });
    // The driver's own way to cancel: a connection that says nothing but the key. It is not in the types.
    const canceller = other as unknown as { cancel(client: unknown, query: unknown): void };
    const active = client as unknown as { _activeQuery: unknown; activeQuery: unknown };
    canceller.cancel(client, active._activeQuery ?? active.activeQuery);
    expect(await running).toMatchObject({ code: '57014' });
    await revoke(lease);
  });

  test('refuses another database than the leased one, and replication', async () => {
    await using lease = await leased();
    await expect(lease.open({ database: 'shop' })).rejects.toThrow(/lets you into the database 'postgres', not into 'shop'/);
    await expect(lease.open({ replication: 'database' } as object)).rejects.toThrow(/does not let replication through/);
    const client = await lease.open({ database: undefined, application_name: 'reports' });
    const { rows } = await client.query("select current_database() as database, current_setting('application_name') as name");
    expect(rows).toEqual([{ database: 'postgres', name: 'reports' }]);
    await revoke(lease);
  });

  test('gives away what was made in two databases, and drops the role', async () => {
    await lab.sql('create schema scratch; grant all on schema scratch to public');
    await using lease = await leased('write');
    await using elsewhere = await connectTo(lab.provider, { request: nextRequest(), database: 'shop', role: 'write' });
    const client = await lease.open();
    await client.query("create table scratch.fix as select * from customers; comment on table scratch.fix is 'kept'");
    await client.query(
      'create function scratch.f() returns text language sql security definer as $$ select current_user::text $$',
    );
    const shop = await elsewhere.open();
    await shop.query('create temp table t (a int)');
    const shopAdmin = await lab.open('admin', { superuser: true, database: 'shop' });
    await shopAdmin.client.query(`create table left_here (a int); alter table left_here owner to ${lease.role}`);
    await shopAdmin.client.query(`grant select on left_here to ${elsewhere.role}`);
    const { output, logs } = await revoke(lease);
    expect(logs.join('\n')).toMatch(/Gave what it owned in 'shop' to guichet_left_behind: table left_here/);
    expect(output).toMatchObject({
      summary: expect.stringMatching(
        /^Ended: the lease of Tester on 'postgres'; 1 session ended, \d objects given away, no role is left$/,
      ),
      notes: expect.arrayContaining([
        expect.stringMatching(/^It left behind in 'postgres': function scratch.f\(\), table scratch.fix/),
      ]),
    });
    expect(await lab.sql("select tableowner as owner from pg_tables where tablename = 'fix'")).toEqual([
      { owner: 'guichet_left_behind' },
    ]);
    // Whoever calls it gets the rights of a role that has none.
    expect(await lab.sql('select scratch.f() as who')).toEqual([{ who: 'guichet_left_behind' }]);
    expect(
      await lab.sql(`select rolcanlogin as "signsIn", (select count(*)::int from pg_auth_members where member = r.oid) as rights
        from pg_roles r where rolname = 'guichet_left_behind'`),
    ).toEqual([{ signsIn: false, rights: 0 }]);
    await revoke(elsewhere);
    expect(await lab.sql("select rolname from pg_roles where rolname like 'guichet_lease%'")).toEqual([]);
    // Once more: it says that it had ended, and when.
    const again = await revoke(lease);
    expect(again.output).toMatchObject({
      summary: expect.stringMatching(/^Had ended at .*; no role and no session is left of it$/),
    });
  });
});
