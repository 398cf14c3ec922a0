import { createHash } from 'node:crypto';
import { type AuditHead, HeadChain, LogVerifier, leafHash, rootOfProof } from '@guichet/contract/audit-log';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadAuditKeys, rotateAuditKey } from '../src/audit/audit-keys.ts';
import { headsAfter, lastSigner, proofOf, sealedAfter } from '../src/audit/sealed-log.ts';
import { type TestLog, testLog } from './support/sealed-log.ts';

let log: TestLog;
beforeEach(async () => {
  log = await testLog();
  for (const count of [3, 1, 4]) await log.write(count);
});
afterEach(() => log.close());

const heads = (): Promise<AuditHead[]> => headsAfter(log.db, 0, 1000);
/** What an export and the heads say, without the database. */
async function offline(published: readonly AuditHead[]) {
  const { lines } = await sealedAfter(log.db, 0);
  const chain = new HeadChain();
  for (const head of published) chain.add(head);
  chain.end();
  const verifier = new LogVerifier({ heads: chain.heads });
  for (const line of lines) verifier.line(line);
  verifier.end();
  return [...chain.findings, ...verifier.findings];
}

test('a log that nobody touched holds', async () => {
  expect(await log.verify()).toMatchObject({ heads: 3, events: 8, findings: [] });
  expect(await offline(await heads())).toEqual([]);
});

test('anybody can check an export with SHA-256 alone', async () => {
  const { lines } = await sealedAfter(log.db, 0);
  const [first] = await heads();
  const hash = (...parts: (string | Buffer)[]): Buffer =>
    parts.reduce((sum, part) => sum.update(part), createHash('sha256')).digest();
  const [a, b, c] = lines.map((line) => hash(Buffer.from([0]), line));
  if (a === undefined || b === undefined || c === undefined) throw new Error('three events were sealed');
  const node = (left: Buffer, right: Buffer): Buffer => hash(Buffer.from([1]), left, right);
  expect(first?.root).toBe(node(node(a, b), c).toString('hex'));
  expect(lines.map((line) => JSON.parse(line).data.number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});

describe.each([
  ['an edit', `update audit_events set outcome = 'denied' where id = 5`, [{ kind: 'edited', ids: ['5'], head: 3 }]],
  ['an edit of the data', `update audit_events set data = '{}' where id = 4`, [{ kind: 'edited', ids: ['4'], head: 2 }]],
  [
    'an edit of the time',
    `update audit_events set at = at - interval '2 days' where id = 6`,
    [{ kind: 'edited', ids: ['6'], head: 3 }],
  ],
  [
    'a deletion',
    'delete from audit_events where id in (2, 4)',
    [
      { kind: 'deleted', ids: ['2'], head: 1 },
      { kind: 'deleted', ids: ['4'], head: 2 },
    ],
  ],
  [
    'two events that changed places',
    `update audit_events set id = -id where id in (6, 7); update audit_events set id = 13 + id where id in (-6, -7)`,
    [{ kind: 'edited', ids: ['6', '7'], head: 3 }],
  ],
  [
    'an event that was put between others',
    `insert into audit_events (id, xid, at, type, actor_id, actor_name, outcome)
       select 1000, '3', at + interval '1 microsecond', 'test.event', 'user:b', 'B', 'ok' from audit_events where id = 5`,
    [{ kind: 'inserted', ids: ['1000'] }],
  ],
  [
    'an event of a number that is taken',
    `insert into audit_events (id, xid, at, type, actor_id, actor_name, outcome)
       select 5, xid, at + interval '1 microsecond', 'test.event', 'user:b', 'B', 'ok' from audit_events where id = 5`,
    [{ kind: 'inserted', ids: ['5'], head: 3 }],
  ],
  [
    'an end that was cut off',
    'delete from audit_events where id > 4',
    [{ kind: 'truncated', ids: ['5', '6', '7', '8'], head: 3 }],
  ],
] as const)('%s is found', (_, change, expected) => {
  test('from the database, and from an export and heads', async () => {
    await log.tamper(change);
    expect((await log.verify()).findings).toMatchObject(expected);
    const found = await offline(await heads());
    expect(found.map(({ kind, head }) => ({ kind, head }))).toEqual(
      expected.map((one) => ({ kind: one.kind, head: 'head' in one ? one.head : undefined })),
    );
  });
});

test('lines of an export that changed places are found', async () => {
  const { lines } = await sealedAfter(log.db, 0);
  const verifier = new LogVerifier({ heads: await heads() });
  const [a = '', b = '', ...rest] = lines;
  for (const line of [b, a, ...rest]) verifier.line(line);
  verifier.end();
  expect(verifier.findings).toMatchObject([{ kind: 'reordered', ids: ['1'], head: 1 }]);
});

test('an event that was put into the past by an ordinary insert is found when it is sealed', async () => {
  await log.sql(
    `insert into audit_events (at, type, actor_id, actor_name, outcome) values (now() - interval '3 days', 'test.event', 'user:b', 'B', 'ok')`,
  );
  await log.sealer.seal();
  expect((await log.verify()).findings).toMatchObject([{ kind: 'inserted', ids: ['9'], head: 4 }]);
});

test('an end that was cut off with its heads and hashes is found by the heads that were published', async () => {
  const published = await heads();
  await log.tamper(`delete from audit_events where id > 4; delete from audit_heads where number > 2; delete from audit_tiles;
    insert into audit_tiles select 0, 0, ''`);
  expect((await log.verify()).findings).toEqual([]);
  expect((await log.verify({ published })).findings).toMatchObject([{ kind: 'truncated', head: 3 }]);
  expect(await offline(published)).toMatchObject([{ kind: 'truncated', ids: ['5', '6', '7', '8'] }]);
});

describe('a log that was sealed anew', () => {
  /** With another key, after an edit: everything fits by itself. */
  async function swap(): Promise<void> {
    await log.tamper(
      `update audit_events set outcome = 'denied' where id = 5; truncate audit_heads; truncate audit_tiles; truncate audit_keys`,
    );
    await loadAuditKeys(log.db, log.vault);
    await (await log.anotherSealer()).seal();
  }

  test('with another key is found by the key that was given, and by the heads that were published', async () => {
    const published = await heads();
    const key = published[0]?.announces?.public;
    await swap();
    expect((await log.verify()).findings).toEqual([]);
    expect((await log.verify({ key })).findings).toMatchObject([{ kind: 'swapped_key', head: 1 }]);
    expect((await log.verify({ published })).findings).toMatchObject([{ kind: 'swapped_key', head: 1 }]);
    expect((await offline(published)).map(({ kind }) => kind)).toContain('edited');
  });

  test('by somebody who has no key of it is not sealed on', async () => {
    await log.tamper(
      `update audit_heads set head = jsonb_set(head::jsonb, '{key}', '"0000000000000000"')::json where number = 3`,
    );
    expect((await log.verify()).findings.map(({ kind }) => kind)).toContain('swapped_key');
    await log.sql(`insert into audit_events (type, actor_id, actor_name, outcome) values ('test.event', 'user:b', 'B', 'ok')`);
    await expect(log.sealer.seal()).rejects.toThrow('is gone');
    await expect((await log.anotherSealer()).seal()).rejects.toThrow('swapped the key');
  });
});

test('hashes that do not come to the last head are not sealed on', async () => {
  await log.tamper(`update audit_tiles set hashes = sha256('x') || substr(hashes, 33)`);
  await log.sql(`insert into audit_events (type, actor_id, actor_name, outcome) values ('test.event', 'user:b', 'B', 'ok')`);
  await expect((await log.anotherSealer()).seal()).rejects.toThrow('do not come to the root');
});

test('a new key is announced by the one before it, and signs from the next head on', async () => {
  const { kid } = await rotateAuditKey(log.db, log.vault, { id: 'system', name: 'operator' });
  await log.write(1);
  expect(await lastSigner(log.db)).toBe((await heads())[0]?.announces?.public);
  await log.write(1);
  const all = await heads();
  expect(all.map(({ key }) => key === kid)).toEqual([false, false, false, false, true]);
  expect(all[3]?.announces?.kid).toBe(kid);
  expect(await lastSigner(log.db)).toBe(all[3]?.announces?.public);
  expect((await log.verify({ key: all[0]?.announces?.public })).findings).toEqual([]);
});

test('every event of a log of any length has a proof that leads to the root of the last head', async () => {
  await log.sql(
    `insert into audit_events (type, actor_id, actor_name, outcome) select 'test.event', 'user:b', 'B', 'ok' from generate_series(1, 800)`,
  );
  await log.sealer.seal();
  await log.write(3);
  const [last] = (await heads()).slice(-1);
  for (const id of [1, 3, 4, 8, 9, 255, 256, 257, 512, 700, 808, 811]) {
    const proof = await proofOf(log.db, String(id));
    if (proof === undefined) throw new Error(`event ${id} has no proof`);
    const root = rootOfProof({ leaf: leafHash(proof.line), index: proof.index, size: proof.head.size, path: proof.path });
    expect(root?.toString('hex'), `event ${id}`).toBe(last?.root);
  }
  expect(await proofOf(log.db, '5000')).toBeUndefined();
  expect((await log.verify()).findings).toEqual([]);
});

test('a transaction that stays open while others are sealed is sealed by its commit, before and after ids of others', async () => {
  const client = await log.db.pool.connect();
  await client.query('begin');
  await client.query(`insert into audit_events (type, actor_id, actor_name, outcome) values ('test.late', 'user:l', 'L', 'ok')`);
  await log.write(3);
  expect((await heads()).at(-1)?.size).toBe(8);
  await client.query('commit');
  client.release();
  await log.write(1);
  expect((await heads()).at(-1)?.size).toBe(13);
  expect(await log.verify()).toMatchObject({ events: 13, findings: [] });
});

test('two that seal at once make one chain', async () => {
  const other = await log.anotherSealer();
  await log.sql(
    `insert into audit_events (type, actor_id, actor_name, outcome) select 'test.event', 'user:b', 'B', 'ok' from generate_series(1, 50)`,
  );
  const outcomes = await Promise.allSettled([log.sealer.seal(), other.seal()]);
  expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0);
  await log.write(1);
  expect(await log.verify()).toMatchObject({ events: 59, findings: [] });
});

test('a backlog is sealed head by head, transaction by transaction, whatever the numbers of these are', async () => {
  for (const xid of [9, 10, 11, 99, 100, 101, 101, 101, 101, 700])
    await log.sql(
      `insert into audit_events (xid, type, actor_id, actor_name, outcome) values ('${xid}', 'test.event', 'user:b', 'B', 'ok')`,
    );
  await log.tamper('truncate audit_heads; truncate audit_tiles');
  const sealer = await log.anotherSealer({ batch: 3 });
  while ((await sealer.seal()).more);
  const all = await heads();
  expect(all.length).toBeGreaterThan(4);
  expect(await log.verify()).toMatchObject({ events: 18, findings: [] });
});
