import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ADMIN_MAJORS, type Lab, openLab, until } from './lab.ts';
import { type Connected, connectTo } from './lease-lab.ts';

const OLDEST = ADMIN_MAJORS[0] ?? 18;
const MAJORS = [...new Set([OLDEST, 18 as const])];

describe.each(MAJORS)('What the holder of a lease tries, on PostgreSQL %i', (major) => {
  let lab: Lab;
  let requests = 0;
  beforeAll(async () => {
    lab = await openLab(major);
    await lab.sql('create schema scratch; grant all on schema scratch to public');
  });
  afterAll(async () => lab[Symbol.asyncDispose]());

  const leased = (role: 'read' | 'write' = 'write'): Promise<Connected> => {
    requests += 1;
    return connectTo(lab.provider, { request: `REQ-${requests}`, role });
  };
  const revoke = ({ requests: harness, undoInput }: Connected) => harness.run('leases.revoke', undoInput);

  test('a lock on what its end needs does not keep the lease', async () => {
    await using lease = await leased();
    await using other = await leased();
    const client = await lease.open();
    for (const { role } of [lease, other]) {
      for (const space of [0, 1]) await client.query('select pg_advisory_lock(hashtextextended($1, $2))', [role, space]);
    }
    const cut = once(client, 'error');
    const neighbour = await other.open();
    expect((await neighbour.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await cut;
    const again = await lease.open();
    for (const space of [0, 1]) await again.query('select pg_advisory_lock(hashtextextended($1, $2))', [lease.role, space]);
    expect((await revoke(lease)).failure).toBeUndefined();
    await revoke(other);
    expect(await lab.sql("select rolname from pg_roles where rolname like 'guichet_lease%'")).toEqual([]);
  });

  test('nor does a change of its password that is held open, or what it has prepared', async () => {
    await using lease = await leased();
    await using other = await leased();
    const client = await lease.open();
    await client.query('begin');
    await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [other.role]);
    await client.query(`do $$ begin execute 'alter ' || 'role ${lease.role} password ''mine'''; end $$`);
    await client.query("prepare transaction 'stays'");
    expect((await (await other.open()).query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    expect(await lab.sql('select gid from pg_prepared_xacts')).toEqual([]);
    await client.query('begin');
    await client.query(`do $$ begin execute 'alter ' || 'role ${lease.role} password ''mine'''; end $$`);
    await client.query("prepare transaction 'stays'");
    for (const each of [lease, other]) expect((await revoke(each)).failure).toBeUndefined();
    expect(await lab.sql('select gid from pg_prepared_xacts')).toEqual([]);
  });

  test('nothing is made in the name of a role that others have too', async () => {
    await using lease = await leased();
    const client = await lease.open();
    const become = client.query('set role pg_read_all_data');
    if (major >= 16) await expect(become).rejects.toMatchObject({ code: '42501' });
    else {
      await become;
      await client.query(
        "create function scratch.spy() returns bigint language sql security definer as 'select count(*) from public.customers'",
      );
      await client.query('create view scratch.seen as select * from public.customers; create table scratch.kept (a int)');
      await client.query("begin; insert into scratch.kept values (1); prepare transaction 'left'");
    }
    expect((await revoke(lease)).failure).toBeUndefined();
    expect(await lab.sql("select relname from pg_class where relowner::regrole::text like 'pg\\_%'")).toEqual([]);
    expect(await lab.sql("select proname from pg_proc where proowner::regrole::text like 'pg\\_%'")).toEqual([]);
    expect(await lab.sql('select gid from pg_prepared_xacts')).toEqual([]);
  });

  test('no session hides from the server’s list while it starts', async () => {
    await using lease = await leased();
    for (const options of ['-c post_auth_delay=20', '--post-auth-delay=20', '-W 20', '-cPOST_AUTH_DELAY=20']) {
      await expect(lease.open({ options })).rejects.toThrow(/Guichet does not let/);
    }
    const client = await lease.open({ options: '-c geqo=off -c search_path=scratch,\\ public' });
    expect((await client.query('show geqo')).rows).toEqual([{ geqo: 'off' }]);
    await revoke(lease);
  });

  test('a statement does not hide behind a comment, a name, or another statement', async () => {
    await using lease = await leased();
    const client = await lease.open();
    const [comment, name] = [`/*${'x'.repeat(70_000)}*/`, 'n'.repeat(65_529)];
    await expect(client.query(`${comment} delete from customers`)).rejects.toThrow(/do not tell what it does/);
    const named = await lease.open();
    await expect(named.query({ name, text: 'select 1', values: [] })).rejects.toThrow();
    const third = await lease.open();
    await third.query("select 1; do $$ begin perform 'canary'; end $$");
    await third.query(`select '${'x'.repeat(40_000)}'; select 2`);
    expect(lease.events.map(({ summary }) => summary)).toEqual([
      'Refused: …(masked)',
      expect.stringMatching(/^Refused: …/),
      'select ?; DO …(masked)',
      'SELECT …(masked) (too long to be read through: other statements may follow in it)',
    ]);
    await revoke(lease);
  });

  test('the places of passwords are not read by other names', async () => {
    await using lease = await leased('read');
    const client = await lease.open();
    for (const sql of [
      'select * from pg_subscription',
      'select s from pg_catalog.pg_subscription s',
      "select histogram_bounds from pg_stats where tablename like 'pg_auth%'",
      'table pg_statistic',
      String.raw`select * from U&"pg\005fauthid"`,
      `select * from U&"pg!005fauthid" uescape '!'`,
      "alter/* x */role guichet_lease_req_1 password 'mine'",
      "alter -- x\n user guichet_lease_req_1 password 'mine'",
    ]) {
      await expect(client.query(sql), sql).rejects.toThrow(/^Guichet does not let statements through/);
    }
    await revoke(lease);
    await until(async () => (await lab.sql("select from pg_roles where rolname like 'guichet_lease%'")).length === 0);
  });
});
