import type { TableOutput, TreeNode, TreeOutput } from '@guichet/contract';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { notesOnForgotten } from '../src/blocking-advice.ts';
import { type AppSession, type Lab, MAJORS, openLab } from './lab.ts';

function flat(nodes: readonly TreeNode[]): TreeNode[] {
  return nodes.flatMap((node) => [node, ...flat(node.children ?? [])]);
}

test('tells of prepared transactions that were forgotten, though nobody waits for them', () => {
  const prepared = (gid: string, age: number) => ({ gid, age, owner: 'orders', database: 'shop' });
  expect(notesOnForgotten([prepared('young', 59)])).toEqual([]);
  expect(notesOnForgotten([prepared('old', 60), prepared("o'lder", 7200), prepared('c', 61), prepared('d', 62)])).toEqual([
    "Nobody waits for the prepared transaction 'o'lder' now, but it has kept its locks, and vacuum from its work, for 2h00m; no session to end: 'orders' or a superuser must run in 'shop': ROLLBACK PREPARED 'o''lder'",
    expect.stringContaining("'d' now"),
    expect.stringContaining("'c' now"),
    'So it is with 1 more of them.',
  ]);
});

describe.each(MAJORS)('PostgreSQL %i', (major) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await openLab(major);
  });
  afterAll(async () => lab[Symbol.asyncDispose]());
  afterEach(async () => lab.quiet());

  const blocking = async (input: Record<string, unknown> = {}): Promise<TreeOutput> =>
    (await lab.postgres.read('blocking', { instance: 'pg1', ...input })) as TreeOutput; // the kind that the action declares

  async function waits(application: string, sql: string): Promise<AppSession> {
    const session = await lab.open(application);
    session.start(sql);
    await lab.blocked(session.pid);
    return session;
  }

  /** A report that reads, a migration that wants the table, and checkouts behind the migration. */
  async function queue(superuser = false) {
    const report = await lab.open('report', { superuser });
    await report.client.query('begin; select count(*) from customers');
    const migration = await waits('migration', 'alter table customers add column x int');
    const checkouts = [await waits('checkout', 'select * from customers'), await waits('checkout', 'select * from customers')];
    return { report, migration, checkouts };
  }

  test('says how deep a tree is, how deep in it each one is, and what the one above holds', async () => {
    const { report, migration, checkouts } = await queue();
    const { roots } = await blocking();
    expect(roots[0]?.detail).toMatch(/^3 sessions behind it, 2 deep · /);
    const depths = flat(roots).map(({ data }) => [data?.['pid'], data?.['depth']]);
    expect(depths).toEqual([[report.pid, 0], [migration.pid, 1], ...checkouts.map(({ pid }) => [pid, 2])]);
    const [below] = roots[0]?.children ?? [];
    expect(below?.detail).toContain('waits for AccessExclusiveLock on customers, held as AccessShareLock');
    // The migration does not hold the table: it only wants it before them.
    expect(below?.children?.[0]?.detail).toMatch(/waits for AccessShareLock on customers(?!,)/);
  });

  test('explains in words who does nothing, who waits for what, and what each step would free', async () => {
    const { report, migration } = await queue();
    const { notes } = await blocking({ explain: true });
    expect(notes).toEqual([
      expect.stringMatching(
        new RegExp(
          `^'report' \\(pid ${report.pid}, idle in transaction for .*\\) runs nothing\\. It keeps the locks that its transaction has taken .*\\. 3 sessions wait behind it: 2 of 'checkout', 1 of 'migration'\\. They want locks on customers\\. One of them waits for it, the other 2 in the queue behind that one\\.$`,
        ),
      ),
      `What each single step would free: Ending the session of 'report' (pid ${report.pid}) frees 3; Cancelling the query of 'migration' (pid ${migration.pid}) frees 2.`,
      `Ending the session of 'report' (pid ${report.pid}) frees most: 3 waiting sessions. guichet postgres terminate-session --instance pg1 --pid ${report.pid} --env production`,
    ]);
    expect((await blocking()).notes).toHaveLength(1);
  });

  test('names the best step that may be taken when the best of all may not', async () => {
    const { report, migration } = await queue(true);
    const { notes } = await blocking();
    expect(notes).toEqual([
      expect.stringMatching(
        new RegExp(
          `^Ending the session of 'report' \\(pid ${report.pid}\\) would free most, 3 waiting sessions, but: .* superuser`,
        ),
      ),
      `What may be signalled and frees most, 2 waiting sessions: guichet postgres cancel-query --instance pg1 --pid ${migration.pid} --env production`,
    ]);
    expect((await blocking({ explain: true })).notes?.[1]).toContain('frees 3, but is not possible from here');
  });

  test('names the one in the middle that frees many whom no root frees alone', async () => {
    const holders = [await lab.open('first'), await lab.open('second')];
    for (const { client } of holders) await client.query('begin; select count(*) from customers');
    const migration = await waits('migration', 'alter table customers add column x int');
    await waits('checkout', 'select * from customers');
    const { notes } = await blocking();
    expect(notes).toEqual([
      `Cancelling the query of 'migration' (pid ${migration.pid}) frees most: 1 waiting session. guichet postgres cancel-query --instance pg1 --pid ${migration.pid} --env production`,
    ]);
  });

  test('explains a prepared transaction, which has no session to signal', async () => {
    const session = await lab.open('two-phase');
    await session.client.query("begin; update customers set name = 'x' where id = 1; prepare transaction 'payout-42'");
    await waits('checkout', "update customers set name = 'x' where id = 1");
    const { notes } = await blocking({ explain: true });
    expect(notes?.[0]).toMatch(
      /^Prepared transaction 'payout-42' keeps the locks .* no signal reaches it\. 1 session waits behind it/,
    );
    expect(notes?.at(-1)).toContain("ROLLBACK PREPARED 'payout-42'");
  });

  test('explains a deadlock', async () => {
    const [first, second] = [await lab.open('first'), await lab.open('second')];
    await first.client.query('begin; update customers set name = null where id = 1');
    await second.client.query('begin; update customers set name = null where id = 2');
    first.start('update customers set name = null where id = 2');
    await lab.blocked(first.pid);
    second.start('update customers set name = null where id = 1');
    await lab.blocked(second.pid);
    expect((await blocking({ explain: true })).notes?.[0]).toContain('is part of a deadlock');
  });

  describe('of more who wait than the server is asked about', () => {
    const CROWD = 60;

    async function crowd(sql: string): Promise<number[]> {
      const sessions = await Promise.all(Array.from({ length: CROWD }, () => lab.open('checkout')));
      for (const session of sessions) session.start(sql);
      for (const { pid } of sessions) await lab.blocked(pid);
      return sessions.map(({ pid }) => pid);
    }

    test('shows all who wait for a row, under who holds it', async () => {
      const holder = await lab.open('holder');
      await holder.client.query("begin; update customers set name = 'x' where id = 1");
      const pids = await crowd("update customers set name = 'x' where id = 1");
      const { roots } = await blocking();
      expect(roots).toHaveLength(1);
      expect(roots[0]?.data).toMatchObject({ pid: holder.pid, behind: CROWD, frees: CROWD });
      expect(new Set(flat(roots).map(({ data }) => data?.['pid']))).toEqual(new Set([holder.pid, ...pids]));
      const output = (await lab.postgres.read('activity', { instance: 'pg1', waitingOnly: true })) as TableOutput;
      expect(output.rows).toHaveLength(CROWD);
      for (const { blockedBy } of output.rows) expect(blockedBy).toMatch(/^\d+(?:, \d+)?(?: and \d+ more)?$/);
    });

    test('shows all who wait for a table, under who wants it before them', async () => {
      const report = await lab.open('report');
      await report.client.query('begin; select count(*) from customers');
      const migration = await waits('migration', 'alter table customers add column x int');
      const pids = await crowd('select * from customers');
      const { roots } = await blocking();
      expect(roots.map(({ data }) => data?.['pid'])).toEqual([report.pid]);
      expect(roots[0]?.data).toMatchObject({ behind: CROWD + 1, frees: CROWD + 1 });
      const [below] = roots[0]?.children ?? [];
      expect(below?.data).toMatchObject({ pid: migration.pid, behind: CROWD, frees: CROWD });
      expect(new Set(below?.children?.map(({ data }) => data?.['pid']))).toEqual(new Set(pids));
    });

    test('shows the prepared transaction that all of them wait for', async () => {
      const session = await lab.open('two-phase');
      await session.client.query("begin; lock table customers in access exclusive mode; prepare transaction 'payout-43'");
      await crowd('select * from customers');
      const { roots } = await blocking();
      expect(roots.map(({ data }) => [data?.['gid'], data?.['behind']])).toEqual([['payout-43', CROWD]]);
    });
  });
});
