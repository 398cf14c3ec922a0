import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AuditHead, HeadChain, headHash, unknownRestores } from '@guichet/contract/audit-log';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type HeldKey, signHead } from '../src/audit/audit-keys.ts';
import { declarationOf } from '../src/audit/declarations.ts';
import { type HeadDestination, HeadFile, HeadOutput } from '../src/audit/destinations.ts';
import { refuseWhatIsNotLost } from '../src/audit/lost-head.ts';
import { acceptRestore } from '../src/audit/restore.ts';
import { SealLoop } from '../src/audit/seal-loop.ts';
import { headsAfter } from '../src/audit/sealed-log.ts';
import { type TestLog, testLog } from './support/sealed-log.ts';

let log: TestLog;
let folder: string;
beforeEach(async () => {
  log = await testLog();
  folder = await mkdtemp(join(tmpdir(), 'guichet-heads-'));
});
afterEach(async () => {
  await log.close();
  await rm(folder, { recursive: true, force: true });
});

const REASON = 'Restored from the backup of 03:00';
const FORGED = JSON.stringify({ reason: REASON, lostHash: '', after: 2, seal: 'hmac-sha256:0' });
/** All after head 2, which has four events. */
const CUT = `delete from audit_events where id > 4; delete from audit_heads where number > 2;
  update audit_tiles set hashes = substr(hashes, 1, 128)`;
const EVENT = `insert into audit_events (type, actor_id, actor_name, outcome) values ('test.event', 'user:b', 'B', 'ok')`;
const OPERATOR = { id: 'system', name: 'operator' };

const heads = (): Promise<AuditHead[]> => headsAfter(log.db, 0, 1000);

function startLoop(destinations: readonly HeadDestination[]): SealLoop<Awaited<ReturnType<typeof log.vault.sealForStorage>>> {
  const { db, vault, database } = log;
  const loop = new SealLoop({ url: database.url, db, vault, destinations, onNews: () => {}, onError: () => {} });
  loop.start();
  return loop;
}

test('a database that was restored on another server goes on: all that was in no head is sealed, and nothing twice', async () => {
  await log.write(3);
  await log.sql(
    `insert into audit_events (type, actor_id, actor_name, outcome) select 'test.event', 'user:b', 'B', 'ok' from generate_series(1, 4)`,
  );
  // As after a restore: another server, and rows and a head of transactions that are far ahead of those that it counts.
  await log.tamper(`update audit_heads set cluster = 'another', settled_to = '5000000000';
    update audit_events set xid = '5000000001' where id > 3; update audit_events set xid = '4000000000' where id <= 3`);
  await log.write(2);
  await log.write(1);
  expect((await heads()).at(-1)?.size).toBe(10);
  expect(await log.verify()).toMatchObject({ events: 10, findings: [] });
});

test('nothing is sealed over heads that were published and are gone, until somebody says that it was a restore', async () => {
  const file = new HeadFile(join(folder, 'heads.jsonl'));
  for (const count of [2, 2, 2]) await log.write(count);
  const published = await heads();
  await file.append(published);
  await log.tamper(CUT);
  const start = () => startLoop([file]);
  const refusing = start();
  await vi.waitFor(() => expect(refusing.problem).toContain('head 3'), { timeout: 10_000 });
  await refusing.stop();
  expect(await heads()).toHaveLength(2);

  // What the database says by itself counts for nothing, nor does what was accepted of another head.
  await log.sql(`insert into audit_settings (name, value) values ('restore_accepted', '${FORGED}')`);
  const forged = start();
  await vi.waitFor(() => expect(forged.problem).toContain('head 3'), { timeout: 10_000 });
  await forged.stop();
  const accept = (lostHash: string): Promise<void> =>
    acceptRestore(log.db, { vault: log.vault, lostHash, reason: REASON, by: OPERATOR, within: async () => ({}) });
  await accept('0'.repeat(64));
  const mistaken = start();
  await vi.waitFor(() => expect(mistaken.problem).toContain('head 3'), { timeout: 10_000 });
  await mistaken.stop();
  expect(await heads()).toHaveLength(2);
  await accept(headHash(published[2] as AuditHead)); // three were published
  const going = start();
  await vi.waitFor(async () => expect((await file.last())?.restore).toMatchObject({ after: 2, lost: 3 }), { timeout: 10_000 });
  await going.stop();
  expect(await log.sql(`select from audit_settings where name = 'restore_accepted'`)).toEqual([]);
  const now = await heads();
  expect(now[2]?.restore?.reason).toBe(REASON);
  // The file has the lost head, and what declares it lost: the chain goes on after head 2.
  const chain = new HeadChain();
  for (const head of [...published, ...now.slice(2)]) chain.add(head);
  chain.end();
  expect(chain.findings).toEqual([]);
  expect(chain.heads.map(({ number }) => number)).toEqual(now.map(({ number }) => number));
  const verified = await log.verify({ published: chain.heads });
  expect(verified.findings).toEqual([]);
  expect(unknownRestores(verified.restores)).toMatchObject([{ kind: 'lost_heads', head: 3 }]);
  expect(unknownRestores(verified.restores, [3])).toEqual([]);
});

test('a row that says that a restore has lost the end counts only with a signature of the log, and where its number says', async () => {
  const file = new HeadFile(join(folder, 'heads.jsonl'));
  for (const count of [2, 2, 2]) await log.write(count);
  const published = await heads();
  await file.append(published);
  const lost = published[2] as AuditHead; // three were published
  const restore = JSON.stringify({ after: 0, lost: 3, lostHash: headHash(lost), reason: REASON });
  await log.tamper(
    `${CUT}; update audit_heads set head = jsonb_set(head::jsonb, '{restore}', '${restore}')::json where number = 1`,
  );
  await log.sql(EVENT);
  const refusing = startLoop([file]);
  await vi.waitFor(async () => expect([refusing.problem, (await heads()).length]).not.toEqual([undefined, 2]), {
    timeout: 10_000,
  });
  await refusing.stop();
  expect(refusing.problem).toContain('head 3');
  expect(await heads()).toHaveLength(2);

  const { keys } = log;
  const [last, signer] = [published[1] as AuditHead, (await keys())[0] as HeldKey]; // the log has a key
  const signed = signHead(
    { ...last, number: 3, restore: { after: 2, lost: 3, lostHash: headHash(lost), reason: REASON } },
    signer,
  );
  const put = (number: number): Promise<void> =>
    log.tamper(`insert into audit_heads select ${number}, '${JSON.stringify(signed)}', size, first_id, last_id, first_at, last_at,
      cluster, settled_to, above_id from audit_heads where number = 2`);
  await put(0);
  expect(await declarationOf(log.db, { lost, keys })).toBeUndefined();
  await put(3);
  expect(await declarationOf(log.db, { lost, keys })).toEqual(signed);
});

test('a restore is accepted only of the last head that is published and is not in the database', async () => {
  const { db, vault } = log;
  const [file, behind] = [new HeadFile(join(folder, 'heads.jsonl')), new HeadFile(join(folder, 'behind.jsonl'))];
  for (const count of [2, 2, 2, 2]) await log.write(count);
  const published = await heads();
  await file.append(published);
  await behind.append(published.slice(0, 3));
  const hashes = published.map(headHash);
  const [, , third = '', last = ''] = hashes;
  const ask = (lostHash: string, ...destinations: HeadDestination[]): Promise<void> =>
    refuseWhatIsNotLost(db, { lostHash, destinations, vault });
  // Nothing was restored.
  for (const hash of [last, '0'.repeat(64)])
    await expect(ask(hash, file, behind)).rejects.toMatchObject({
      code: 'usage.invalid',
      message: expect.stringMatching(/^--lost: .*ends with head 4, which is not lost/),
      remedy: expect.stringContaining('there is nothing to accept'),
    });
  const away = new HeadFile(folder); // a folder cannot be read as a file
  await expect(ask(last, away, new HeadOutput(db, () => {}))).rejects.toMatchObject({
    code: 'config.invalid',
    message: expect.stringMatching(/^No place of audit.heads can be asked.*EISDIR.*Standard output cannot be read again/),
    remedy: expect.stringContaining('{file: PATH}'),
  });
  await log.tamper(CUT);
  await ask(last, behind, file, away);
  for (const hash of [third, hashes[0] ?? '', '0'.repeat(64)])
    await expect(ask(hash, behind, file)).rejects.toMatchObject({ remedy: expect.stringContaining(`--lost ${last}`) });
  await expect(ask('me', file)).rejects.toMatchObject({ code: 'usage.invalid', remedy: expect.stringContaining('--lost HASH') });

  // Once it is declared there is nothing more to accept, though a place is behind.
  await acceptRestore(db, { vault, lostHash: last, reason: REASON, by: OPERATOR, within: async () => ({}) });
  const going = startLoop([file]);
  await vi.waitFor(async () => expect((await file.last())?.restore).toMatchObject({ lost: 4 }), { timeout: 10_000 });
  await going.stop();
  await expect(ask(third, behind, file)).rejects.toMatchObject({ remedy: expect.stringContaining('nothing to accept') });
});

test('of several files each goes on after a restore, also one that was behind when it came', async () => {
  const [ahead, behind, upToDate] = ['ahead', 'behind', 'kept'].map((name) => new HeadFile(join(folder, name)));
  if (ahead === undefined || behind === undefined || upToDate === undefined) throw new Error('three files were named');
  for (const count of [2, 2, 2, 2]) await log.write(count);
  const published = await heads();
  await ahead.append(published);
  await behind.append(published.slice(0, 3));
  await upToDate.append(published.slice(0, 2));
  await log.tamper(CUT);
  const lost = published[3] as AuditHead; // four were published
  await acceptRestore(log.db, {
    vault: log.vault,
    lostHash: headHash(lost),
    reason: REASON,
    by: OPERATOR,
    within: async () => ({}),
  });
  const loop = startLoop([behind, ahead, upToDate]);
  const declared = { after: 2, lost: 4, lostHash: headHash(lost) };
  for (const file of [behind, ahead, upToDate])
    await vi.waitFor(async () => expect((await file.last())?.restore).toMatchObject(declared), { timeout: 10_000 });
  await loop.stop();
  for (const name of ['ahead', 'behind', 'kept']) {
    const chain = new HeadChain();
    for (const line of (await readFile(join(folder, name), 'utf8')).trim().split('\n')) chain.add(JSON.parse(line));
    chain.end();
    expect(chain.findings, name).toEqual([]);
    expect(chain.restores, name).toHaveLength(1);
  }
});

test('the end that came after a restore cannot be cut off as if that restore had lost it', async () => {
  const path = join(folder, 'heads.jsonl');
  const file = new HeadFile(path);
  for (const count of [2, 2, 2, 2, 2, 2]) await log.write(count);
  const published = await heads();
  await file.append(published);
  await log.tamper(CUT);
  const lostHash = headHash(published[5] as AuditHead); // six were published
  await acceptRestore(log.db, { vault: log.vault, lostHash, reason: REASON, by: OPERATOR, within: async () => ({}) });
  const going = startLoop([file]);
  await vi.waitFor(async () => expect((await file.last())?.restore).toMatchObject({ after: 2, lost: 6 }), { timeout: 10_000 });
  await going.stop();
  const sealer = await log.anotherSealer();
  for (let count = 0; count < 2; count++) {
    await log.sql(EVENT);
    await sealer.seal();
  }
  const since = (await heads()).slice(2);
  const last = since.at(-1) as AuditHead; // the one that was just made
  expect(last.number).toBeLessThan(6);
  await file.append(since.slice(1));

  // What was sealed since is gone, and another gateway takes over: numbers of the lost heads say nothing of it.
  const [kept] = since as [AuditHead];
  await log.tamper(`delete from audit_heads where number > ${kept.number};
    delete from audit_events where id > ${Math.max(...kept.ids.flat())};
    update audit_tiles set hashes = substr(hashes, 1, ${32 * kept.size})`);
  const refusing = startLoop([file]);
  await vi.waitFor(() => expect(refusing.problem).toContain(`head ${last.number} `), { timeout: 10_000 });
  await refusing.stop();
  expect((await heads()).at(-1)?.number).toBe(kept.number);
  expect(await file.last()).toEqual(last);

  // Nor does it help to tell the restore once more.
  const told = async (): Promise<HeadChain> => {
    const chain = new HeadChain();
    for (const line of (await readFile(path, 'utf8')).trim().split('\n')) chain.add(JSON.parse(line));
    chain.end();
    return chain;
  };
  expect((await told()).findings).toEqual([]);
  await file.append([kept]);
  expect((await told()).findings).toMatchObject([{ kind: 'lost_heads', head: kept.number }]);
});

test('nothing is sealed while no destination can say what it was told', async () => {
  await log.write(2);
  await log.sql(`insert into audit_events (type, actor_id, actor_name, outcome) values ('test.event', 'user:b', 'B', 'ok')`);
  const loop = startLoop([new HeadFile(folder)]); // a folder cannot be read as a file
  await vi.waitFor(() => expect(loop.problem).toContain('EISDIR'), { timeout: 10_000 });
  await loop.stop();
  expect(await heads()).toHaveLength(1);
});

test('a gateway that wrote a head knows when it is gone, although nobody outside was told of it', async () => {
  const nowhere: HeadDestination = { name: 'Away', last: async () => undefined, append: () => Promise.reject(new Error('away')) };
  const event = `insert into audit_events (type, actor_id, actor_name, outcome) values ('test.event', 'user:b', 'B', 'ok')`;
  for (const count of [2, 2]) await log.write(count);
  await log.sql(event);
  const loop = startLoop([nowhere]);
  await vi.waitFor(async () => expect(await heads()).toHaveLength(3), { timeout: 10_000 });
  const [, , gone] = await heads();
  await log.tamper(CUT);
  await log.sql(event);
  loop.wake();
  await vi.waitFor(() => expect(loop.problem).toContain('This gateway has head 3 '), { timeout: 20_000 });
  await loop.stop();
  // Its word is kept, for nobody else can be asked: that head can be accepted, and no other.
  const { db, vault } = log;
  const ask = (lostHash: string): Promise<void> => refuseWhatIsNotLost(db, { lostHash, destinations: [], vault });
  await ask(headHash(gone as AuditHead)); // three were there
  await expect(ask('0'.repeat(64))).rejects.toMatchObject({ code: 'config.invalid' });
  expect(await heads()).toHaveLength(2);
});
