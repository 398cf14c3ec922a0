import { testDatabase } from '@guichet/postgres-server/testing';
import pg from 'pg';
import { expect, test } from 'vitest';
import { knownMigrations, migrate } from '../src/db/index.ts';

test('the audit log of an older gateway becomes the first part: its rows stay, are protected, and new ones follow', async () => {
  const database = await testDatabase();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    const all = await knownMigrations();
    const parts = all.findIndex(({ name }) => name.endsWith('-audit-parts.sql'));
    await migrate(database.url, all.slice(0, parts));
    const insert = `insert into audit_events (at, type, actor_id, actor_name, outcome)
      select now() - n * interval '40 days', 'test.event', 'user:a', 'A', 'ok' from generate_series(0, 2) n
      returning id, tableoid::regclass::text as part`;
    await client.query(insert);
    await migrate(database.url, all);
    await client.query('select make_audit_parts(2)');
    const { rows: added } = await client.query<{ id: string; part: string }>(insert);
    expect(added.map(({ id }) => id)).toEqual(['4', '5', '6']);
    expect(new Set(added.map(({ part }) => part))).toEqual(new Set(['audit_events_first']));
    for (const statement of [
      'update audit_events set type = type',
      'delete from audit_events_first',
      'truncate audit_events_first',
    ])
      await expect(client.query(statement), statement).rejects.toThrow('append-only');
    const { rows } = await client.query(`insert into audit_events (at, type, actor_id, actor_name, outcome)
      values (date_trunc('month', now() at time zone 'UTC') at time zone 'UTC' + interval '1 month 1 day', 'test.event', 'user:a', 'A', 'ok')
      returning tableoid::regclass::text as part`);
    expect(rows[0].part).toMatch(/^audit_events_20\d\d_\d\d$/);
  } finally {
    await client.end();
    await database.drop();
  }
});
