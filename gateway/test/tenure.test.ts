import { type TestDatabase, testDatabase } from '@guichet/postgres-server/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseCompany } from '../src/catalog/index.ts';
import { Database, migrate, statement } from '../src/db/index.ts';
import { type Holder, isAnother } from '../src/identity/holder.ts';
import { Tenures } from '../src/identity/tenure.ts';

const holder = (more: Partial<Holder> = {}): Holder => ({
  id: 'user:marta',
  listed: true,
  name: 'Marta Nowak',
  email: 'marta@example.com',
  team: null,
  leftAt: null,
  ...more,
});
const machine = (team: string, leftAt: Date | null = null): Holder =>
  holder({ id: 'machine:ci', name: 'ci', email: null, team, leftAt });
const leftAt = new Date();

test.each<[string, Holder, Holder, boolean]>([
  ['has a new address', holder(), holder({ email: 'marta@corp.example' }), false],
  ['has a new name', holder(), holder({ name: 'Marta Diaz' }), false],
  ['has both new', holder(), holder({ name: 'Marta Diaz', email: 'diaz@example.com' }), true],
  ['has no addresses, and a new name', holder({ email: null }), holder({ email: null, name: 'Marta Diaz' }), true],
  ['has an address in other letters and a new name', holder(), holder({ name: 'M', email: 'MARTA@example.com' }), false],
  ['comes back as they were', holder({ leftAt }), holder(), false],
  ['comes back with a new name', holder({ leftAt }), holder({ name: 'Marta Diaz' }), false],
  ['comes back with another address', holder({ leftAt }), holder({ email: 'marta2@example.com' }), true],
  ['comes back without an address', holder({ leftAt }), holder({ email: null }), false],
  ['comes back without an address, with a new name', holder({ leftAt }), holder({ email: null, name: 'M' }), true],
  ['is a machine of another team', machine('checkout'), machine('payments'), false],
  ['is a machine that comes back', machine('checkout', leftAt), machine('checkout'), false],
  ['is a machine that comes back to another team', machine('checkout', leftAt), machine('payments'), true],
])('somebody who %s: another is %s', (_what, before, now, another) => expect(isAnother(before, now)).toBe(another));

describe('what was given to a name', () => {
  let fresh: TestDatabase;
  let db: Database;
  let tenures: Tenures;
  beforeEach(async () => {
    fresh = await testDatabase();
    await migrate(fresh.url);
    db = new Database({ url: fresh.url, poolSize: 4, onError: () => {} });
    tenures = new Tenures({ db, oidc: undefined });
  });
  afterEach(async () => {
    await db.close();
    await fresh.drop();
  });

  const settle = (...people: readonly (readonly [name: string, email: string])[]): Promise<void> =>
    tenures.settle(companyOf(people, 'checkout'));
  const companyOf = (people: readonly (readonly [string, string])[], team: string | undefined) =>
    parseCompany(
      JSON.stringify({
        people: people.map(([name, email]) => ({ name, fullName: email, email })),
        teams: [{ name: 'checkout' }, { name: 'payments' }],
        machines: team === undefined ? [] : [{ name: 'ci', team }],
      }),
      'company.yaml',
    );
  const give = (id: string): Promise<unknown> =>
    db.query(
      statement(
        'test-give',
        `insert into tokens (hash, name, kind, principal_id, created_by_id, created_by_name, expires_at)
         values (sha256(convert_to(gen_random_uuid()::text, 'utf8')), 'x', 'user', $1, 'system', 'system', now() + interval '1 day')`,
      ),
      [id],
    );
  const living = async (id: string): Promise<number> => {
    const counts = statement(
      'test-living',
      'select count(*)::int as count from tokens where principal_id = $1 and revoked_at is null',
    );
    return (await db.query<{ count: number }>(counts, [id]))[0]?.count ?? 0;
  };

  test('stays theirs through a file that was wrong for a while', async () => {
    await settle(['marta', 'marta@example.com'], ['nadia', 'nadia@example.com']);
    await give('user:marta');
    await give('machine:ci');
    await tenures.settle(companyOf([], undefined));
    expect([await living('user:marta'), await living('machine:ci')]).toEqual([1, 1]);
    await settle(['marta', 'marta@example.com'], ['nadia', 'nadia@example.com']);
    expect([await living('user:marta'), await living('machine:ci')]).toEqual([1, 1]);
  });

  test('ends when the name comes back as somebody else, also when no gateway has run in between', async () => {
    await settle(['marta', 'marta@example.com']);
    await give('user:marta');
    await give('machine:ci');
    await tenures.settle(companyOf([], undefined));
    await tenures.settle(companyOf([['marta', 'diaz@example.com']], 'payments'));
    expect([await living('user:marta'), await living('machine:ci')]).toEqual([0, 0]);
    await give('user:marta');
    await new Tenures({ db, oidc: undefined }).settle(companyOf([['marta', 'third@example.com']], 'payments'));
    expect(await living('user:marta')).toBe(0);
  });

  test('is filed again and again no more for who comes next: schedules of theirs, and that they stand behind, are paused', async () => {
    await settle(['marta', 'marta@example.com'], ['nadia', 'nadia@example.com']);
    const insert = statement(
      'test-schedule',
      `insert into schedules (name, owner_id, owner_name, behind, team, cron, time_zone, action, environment, input, reason, missed, next_at)
       values ($1, $2, 'x', $3, 'checkout', '0 3 * * *', 'UTC', 'lab.change', 'staging', '{}', 'x', 'skip', now() + interval '1 day')`,
    );
    await db.query(insert, ['theirs', 'user:marta', ['user:marta']]);
    await db.query(insert, ['through-a-machine', 'machine:ci', ['user:marta']]);
    await db.query(insert, ['of-nadia', 'user:nadia', ['user:nadia']]);
    await settle(['marta', 'diaz@example.com'], ['nadia', 'nadia@example.com']);
    const states = statement('test-states', 'select name, state, next_at is null as stopped from schedules order by name');
    expect(await db.query(states)).toEqual([
      { name: 'of-nadia', state: 'active', stopped: false },
      { name: 'theirs', state: 'paused', stopped: true },
      { name: 'through-a-machine', state: 'paused', stopped: true },
    ]);
    const paused = statement(
      'test-paused',
      `select resource, data->>'comment' as comment from audit_events where type = 'schedule.paused' order by resource`,
    );
    expect(await db.query(paused)).toEqual([
      { resource: 'schedule:theirs', comment: "'marta' stands for somebody else now." },
      { resource: 'schedule:through-a-machine', comment: "'marta' stands for somebody else now." },
    ]);
  });

  test('of before anybody kept whom names stand for stays with who is listed, and ends for who is listed later', async () => {
    await give('user:marta');
    await give('user:lena');
    await settle(['marta', 'marta@example.com']);
    expect([await living('user:marta'), await living('user:lena')]).toEqual([1, 1]);
    await settle(['marta', 'marta@example.com'], ['lena', 'lena@example.com']);
    expect([await living('user:marta'), await living('user:lena')]).toEqual([1, 0]);
  });

  test('ends once when many gateways read new files at once', async () => {
    await settle(['marta', 'marta@example.com'], ['nadia', 'nadia@example.com']);
    await give('user:marta');
    const news = [
      ['marta', 'diaz@example.com'],
      ['nadia', 'other@example.com'],
      ['lena', 'lena@example.com'],
    ] as const;
    await Promise.all(Array.from({ length: 4 }, () => settle(...news)));
    await give('user:marta');
    await Promise.all(Array.from({ length: 4 }, () => settle(...news)));
    expect(await living('user:marta')).toBe(1);
    const audit = await db.query(statement('test-audit', `select 1 from audit_events where type = 'identity.reassigned'`));
    expect(audit).toHaveLength(1);
  });
});
