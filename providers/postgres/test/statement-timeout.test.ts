import type { Output } from '@guichet/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { millisecondsOf } from '../src/statement-timeout/levels.ts';
import { ADMIN_MAJORS, type Lab, openLab } from './lab.ts';

/** The fields of a receipt by their keys. */
function receipt(output: Output | undefined): Record<string, unknown> & { summary: string } {
  if (output?.kind !== 'record') throw new Error(`not a receipt: ${JSON.stringify(output)}`);
  return { ...Object.fromEntries(output.fields.map(({ key, value }) => [key, value])), summary: output.summary };
}

const ROLE = `Odd "Rôle" o'neil`;

describe.each(ADMIN_MAJORS)('PostgreSQL %i', (major) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await openLab(major);
    await lab.sql(`create role "Odd ""Rôle"" o'neil" login; create role boss superuser`);
    await lab.sql('create database "Sales 2026" owner orders');
    if (major >= 16) await lab.sql(`grant "Odd ""Rôle"" o'neil" to guichet_admin with admin option`);
  });
  afterAll(async () => lab[Symbol.asyncDispose]());

  const NAME = 'set-statement-timeout';
  const input = (more: Record<string, unknown>) => ({ instance: 'pg1', statementTimeout: '30s', ...more });
  const set = async (role: string | null, database: string | null) => {
    const [row] = await lab.sql<{ setting: string[] | null }>(
      `select (select setconfig from pg_db_role_setting where setrole = coalesce((select oid from pg_roles where rolname = $1), 0)
         and setdatabase = coalesce((select oid from pg_database where datname = $2), 0)) as setting`,
      [role, database],
    );
    return row?.setting ?? null;
  };

  test('sets it for a role, says what was before, and is undone to what was before', async () => {
    const first = await lab.postgres.run(NAME, input({ role: ROLE, statementTimeout: '30s' }));
    expect(first.plan.summary).toBe(`Set the statement timeout of role '${ROLE}' on 'pg1' to 30s`);
    expect(first.plan.effects[0]).toBe('Nothing is set there now: what holds is no limit, from the server.');
    expect(first.plan.resource).toEqual({ type: 'postgres.role', id: `pg1/${ROLE}`, owner: 'payments' });
    expect(receipt(first.output)).toMatchObject({ before: 'not set', now: '30s' });
    expect(await set(ROLE, null)).toEqual(['statement_timeout=30000ms']);
    expect(first.undoInput).toEqual({ instance: 'pg1', role: ROLE, statementTimeout: 'default' });

    const second = await lab.postgres.run(NAME, input({ role: ROLE, statementTimeout: 'none' }));
    expect(second.plan.effects[0]).toBe('It is 30s now.');
    expect(second.undoInput).toEqual({ instance: 'pg1', role: ROLE, statementTimeout: '30000ms' });
    expect(await set(ROLE, null)).toEqual(['statement_timeout=0ms']);

    await lab.postgres.run(NAME, second.undoInput);
    expect(await set(ROLE, null)).toEqual(['statement_timeout=30000ms']);
    await lab.postgres.run(NAME, first.undoInput);
    expect(await set(ROLE, null)).toBeNull();
  });

  test('sets it for a database, and for a role in a database, and tells what wins', async () => {
    await lab.postgres.run(NAME, input({ database: 'Sales 2026', statementTimeout: '5m' }));
    expect(await set(null, 'Sales 2026')).toEqual(['statement_timeout=300000ms']);
    await lab.postgres.run(NAME, input({ role: ROLE, database: 'Sales 2026', statementTimeout: '1m' }));
    expect(await set(ROLE, 'Sales 2026')).toEqual(['statement_timeout=60000ms']);
    const plan = await lab.postgres.plan(NAME, input({ database: 'Sales 2026' }));
    expect(plan.effects[0]).toBe('It is 5m00s now.');
    expect(plan.warnings).toContain(`It does not hold for role '${ROLE}' in database 'Sales 2026': what is set there wins.`);
    const away = await lab.postgres.plan(NAME, input({ role: ROLE, database: 'Sales 2026', statementTimeout: 'default' }));
    expect(away.summary).toBe(`Take the statement timeout of role '${ROLE}' in database 'Sales 2026' on 'pg1' away`);
    expect(away.effects[1]).toBe("What holds then is 5m00s, from database 'Sales 2026'.");
  });

  test('holds in a session that begins afterwards', async () => {
    await lab.postgres.run(NAME, input({ database: 'shop', statementTimeout: '1234ms' }));
    const session = await lab.open('shop-api', { database: 'shop' });
    expect((await session.client.query('show statement_timeout')).rows).toEqual([{ statement_timeout: '1234ms' }]);
    const plan = await lab.postgres.plan(NAME, input({ database: 'shop', statementTimeout: 'default' }));
    expect(plan.effects.join()).toContain('1 session that is open keeps what it has');
    await lab.quiet();
  });

  test('tells after a crash what is set by now', async () => {
    const plan = await lab.postgres.plan(NAME, input({ database: 'postgres' })).catch((error: unknown) => error);
    // The database 'postgres' is the superuser's.
    expect(plan).toMatchObject({
      message:
        "The owner of the database 'postgres', 'postgres', is a superuser, and the admin login 'guichet_admin' must not be a member of one.",
      remedy:
        'A superuser must give it to a role of its own: ALTER DATABASE postgres OWNER TO ROLE; and GRANT ROLE TO guichet_admin;',
    });
    const shop = input({ database: 'shop', statementTimeout: '7s' });
    const { seen } = await lab.postgres.plan(NAME, shop);
    expect(await lab.postgres.observe(NAME, shop, { runId: 'r', seen })).toMatchObject({ status: 'not_started' });
    await lab.sql("alter database shop set statement_timeout = '7 s'");
    expect(await lab.postgres.observe(NAME, shop, { runId: 'r', seen })).toMatchObject({ status: 'succeeded' });
    await lab.sql("alter database shop set statement_timeout = '8s'");
    expect(await lab.postgres.observe(NAME, shop, { runId: 'r', seen })).toMatchObject({ status: 'unknown' });
    await lab.sql('alter database shop reset statement_timeout');
  });

  test('refuses what cannot be, and says what can', async () => {
    const refused = (more: Record<string, unknown>) => lab.postgres.plan(NAME, input(more)).catch((error: unknown) => error);
    expect(await refused({})).toMatchObject({ remedy: 'Give --role, --database, or both.' });
    expect(await refused({ role: 'ordres' })).toMatchObject({ remedy: "Did you mean 'orders'?" });
    expect(await refused({ role: 'boss' })).toMatchObject({ message: expect.stringContaining("is a superuser's") });
    expect(await refused({ database: 'shopp' })).toMatchObject({ remedy: "Did you mean 'shop'?" });
    expect(await refused({ role: 'orders', statementTimeout: '30' })).toMatchObject({ code: 'input.invalid' });
  });

  test('names the grant that a role takes from 16 on, and that grant is enough', async () => {
    await lab.sql('create role "Some one" login');
    const plan = () => lab.postgres.plan(NAME, input({ role: 'Some one' }));
    if (major >= 16) {
      const remedy = 'A superuser must run there: GRANT "Some one" TO guichet_admin WITH ADMIN OPTION;';
      await expect(plan()).rejects.toMatchObject({ remedy });
      await lab.sql(remedy.replace(/^.*there: /, ''));
    }
    await plan();
    const { failure } = await lab.postgres.run(NAME, input({ role: 'Some one' }));
    expect(failure).toBeUndefined();
  });
});

test.each([
  ['30s', 30_000],
  ['30000', 30_000],
  ['5 min', 300_000],
  ['1.5h', 5_400_000],
  ['500us', 1],
  ['0', 0],
])('reads %s as %i ms', (text, ms) => {
  expect(millisecondsOf(text)).toBe(ms);
});
