import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { type AuditFinding, type AuditHead, headHash } from '@guichet/contract/audit-log';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ArchiveOptions, type ArchiveReport, archiveAudit } from '../src/audit/archive.ts';
import { linesOf, sequenceIn } from '../src/audit/archive-files.ts';
import { LogPass } from '../src/audit/log-pass.ts';
import { headsAfter, proofOf } from '../src/audit/sealed-log.ts';
import { eventsAt, hoursAfter, monthAgo, partOf } from './support/past-events.ts';
import { type TestLog, testLog } from './support/sealed-log.ts';

const [SIXTH, FIFTH, FOURTH, THIRD] = [6, 5, 4, 3].map(monthAgo) as [Date, Date, Date, Date]; // as many as there are numbers

let log: TestLog;
let folder: string;
beforeEach(async () => {
  log = await testLog();
  folder = await mkdtemp(join(tmpdir(), 'guichet-archive-'));
  for (const month of [FIFTH, FOURTH, THIRD]) await log.sql(partOf(month));
  // Of the sixth month nobody made the part in time; a head has events of two months.
  for (const times of [
    [1, 2, 3].map((hours) => hoursAfter(SIXTH, hours)),
    [1, 2].map((hours) => hoursAfter(FIFTH, hours)),
    [hoursAfter(FOURTH, -1), hoursAfter(FOURTH, 1)],
    [hoursAfter(FOURTH, 5), hoursAfter(THIRD, 7)],
  ]) {
    await log.sql(eventsAt(times));
    await log.sealer.seal();
  }
  await log.write(2);
});
afterEach(async () => {
  await log.close();
  await rm(folder, { recursive: true, force: true });
});

/** As if it were killed after the archive was recorded, and before its events are dropped. */
async function recordOnly(before: Date): Promise<void> {
  const killed = async (): Promise<void> => {
    await log.sealer.seal();
    throw new Error('killed');
  };
  await expect(archive(before, { untilSealed: killed })).rejects.toThrow('killed');
}

async function archive(before: Date, options: Partial<ArchiveOptions> = {}): Promise<ArchiveReport> {
  const untilSealed = async (isSealed: () => Promise<boolean>): Promise<void> => {
    await log.sealer.seal();
    if (!(await isSealed())) throw new Error('the archive is under no head');
  };
  const by = { id: 'system', name: 'operator' };
  const { db, database } = log;
  return archiveAudit({
    db,
    url: database.url,
    keys: await log.keys(),
    before,
    folder,
    readers: [],
    by,
    untilSealed,
    ...options,
  });
}

const parts = async (): Promise<string[]> =>
  (
    await log.sql<{ name: string }>(
      `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'audit_events'::regclass order by 1`,
    )
  ).map(({ name }) => name);
const nameOf = (month: Date): string => `audit_events_${month.toISOString().slice(0, 7).replace('-', '_')}`;
const events = async (): Promise<number> =>
  Number((await log.sql<{ count: string }>('select count(*) from audit_events'))[0]?.count);
/** What the check that a gateway makes by itself finds. */
async function inSteps(): Promise<readonly AuditFinding[]> {
  const pass = new LogPass(log.db);
  while ((await pass.step()) === 'more');
  return pass.findings;
}
const withArchive = async () => log.verify({ archived: linesOf(await sequenceIn(folder)) });

test('whole heads from before a month go to a folder, their parts are dropped, and the log holds with it and without', async () => {
  const before = await events();
  const { archive: made } = await archive(FOURTH);
  expect(made?.manifest).toMatchObject({ from: 1, to: 2, start: 0, size: 5, before: FOURTH.toISOString() });
  expect(await parts()).not.toContain(nameOf(FIFTH));
  expect(await parts()).toContain(nameOf(FOURTH));
  // What the head of both months has of the older one stays.
  expect(await events()).toBe(before - 5 + 1);
  expect(await log.sql(`select from audit_events where at < '${FOURTH.toISOString()}'`)).toHaveLength(1);
  const without = await log.verify();
  expect(without).toMatchObject({ findings: [], archived: { events: 5, from: 1, to: 2 }, events: before - 5 + 1 });
  expect(without.notes.join()).toContain('5 events under the heads 1 to 2 are archived, and not checked here');
  expect(await withArchive()).toMatchObject({ findings: [], archived: undefined, events: before + 1 });

  // The next one goes on after it, and takes what had stayed.
  const next = await archive(THIRD);
  expect(next.archive?.manifest).toMatchObject({ from: 3, to: 3, start: 5, size: 7 });
  expect(await log.verify()).toMatchObject({ findings: [], archived: { events: 7, from: 1, to: 3 } });
  expect(await withArchive()).toMatchObject({ findings: [], archived: undefined });
  expect(await parts()).not.toContain(nameOf(FOURTH));
  expect((await archive(THIRD)).archive).toBeUndefined();
  // The log goes on: its parts are protected, and its events have proofs.
  await expect(log.sql('delete from audit_events_default')).rejects.toThrow('append-only');
  await expect(log.sql('truncate audit_events_default')).rejects.toThrow('append-only');
  await log.write(1);
  expect((await proofOf(log.db, '9'))?.head.size).toBe((await log.verify()).events + 7);
  expect(await proofOf(log.db, '1')).toBeUndefined();
});

test('the check that a gateway makes by itself takes the signed word of an archive, and nothing else, for events that are not there', async () => {
  await archive(FOURTH);
  await archive(THIRD);
  expect(await inSteps()).toEqual([]);
  await log.tamper("delete from audit_events where type = 'audit.archived'");
  const found = await inSteps();
  expect(found).toContainEqual(expect.objectContaining({ kind: 'deleted', head: 1 }));
});

test('events that are in the archive and in the database too are checked in both', async () => {
  const before = await events();
  await recordOnly(FOURTH);
  expect(await withArchive()).toMatchObject({ findings: [], archived: undefined, events: before + 1 });
  await log.tamper(`update audit_events set outcome = 'denied' where id = 4; delete from audit_events where id = 2`);
  const { findings } = await withArchive();
  expect(findings).toMatchObject([
    { kind: 'deleted', head: 1, ids: ['2'] },
    { kind: 'edited', head: 2, ids: ['4'], message: expect.stringContaining('Outside the archive: Event 4') },
  ]);
});

test('after a backup from before the archives, what one of them has and what none of them has is checked alike', async () => {
  await log.sql('create table backup as select * from audit_events');
  await archive(FIFTH);
  await archive(FOURTH);
  await log.tamper(`insert into audit_events overriding system value select * from backup where at < '${FOURTH.toISOString()}' and id <= 5;
    update audit_archives set dropped_at = null`);
  const [, second] = await sequenceIn(folder);
  const withSecond = () => log.verify({ archived: linesOf(second === undefined ? [] : [second]) });
  expect(await withSecond()).toMatchObject({ findings: [], archived: undefined, events: await events() });
  await log.tamper(`update audit_events set outcome = 'denied' where id in (2, 4)`);
  expect((await withSecond()).findings.map(({ message }) => message.slice(0, 28))).toEqual([
    expect.stringMatching(/^Event 2/),
    'Outside the archive: Event 4',
  ]);
});

test('an archive that is lost before its events are dropped is written again, and recorded anew when it is another one', async () => {
  const recorded = () =>
    log.sql<{ manifest: string; event: string }>('select manifest, event from audit_archives where dropped_at is null');
  const said = () => log.sql("select from audit_events where type = 'audit.archived'");
  await recordOnly(FOURTH);
  const [first] = await recorded();
  await rm(folder, { recursive: true });
  await recordOnly(FOURTH);
  expect(await recorded()).toEqual([first]); // the same files
  expect(await said()).toHaveLength(1);
  // As another version of the compression would write them.
  await log.sql(`update audit_archives set manifest = repeat('0', 64)`);
  await rm(folder, { recursive: true });
  const { archive: made } = await archive(FOURTH);
  expect(made?.manifest).toMatchObject({ from: 1, to: 2, size: 5 });
  expect(await said()).toHaveLength(2);
  expect(await log.sql('select manifest, dropped_at is not null as dropped from audit_archives')).toEqual([
    { manifest: made?.digest, dropped: true },
  ]);
  expect(await log.verify()).toMatchObject({ findings: [], archived: { events: 5, from: 1, to: 2 } });
  expect(await withArchive()).toMatchObject({ findings: [], archived: undefined });
});

test('while one archives, another one is refused', async () => {
  const untilSealed = async (): Promise<void> => {
    await expect(archive(FOURTH)).rejects.toThrow('Another archive-audit of this log is at work.');
    throw new Error('killed');
  };
  await expect(archive(FOURTH, { untilSealed })).rejects.toThrow('killed');
  expect((await archive(FOURTH)).archive?.manifest).toMatchObject({ from: 1, to: 2 });
});

test('what the database says of an archive is not believed: events are deleted unless a sealed and signed event says otherwise', async () => {
  await log.tamper(`delete from audit_events where id <= 5;
    insert into audit_archives values (1, 2, now(), repeat('0', 64), 1, now())`);
  expect((await log.verify()).findings).toMatchObject([
    { kind: 'deleted', head: 1 },
    { kind: 'deleted', head: 2 },
  ]);
  // Nor is an event, when no key of the log has signed it.
  const data = { from: 1, to: 2, head: '', events: 5, before: '', manifest: '', key: '', signature: '' };
  const [head] = await log.sql<{ key: string; hash: string }>(
    `select head->>'key' as key, (select h.head->>'previous' from audit_heads h where h.number = 3) as hash from audit_heads where number = 2`,
  );
  await log.sql(`insert into audit_events (type, actor_id, actor_name, outcome, data)
    values ('audit.archived', 'system', 'operator', 'ok', '${JSON.stringify({ ...data, key: head?.key, head: head?.hash })}')`);
  await log.sealer.seal();
  expect((await log.verify()).findings.map(({ kind }) => kind)).toEqual(['deleted', 'deleted']);
});

test('an archive that was changed does not hold, and hashes of archived events that were changed neither', async () => {
  const { archive: made } = await archive(FOURTH);
  const path = join(made?.path ?? '', 'events.jsonl.gz');
  const whole = await readFile(path);
  const lines = gunzipSync(whole).toString();
  await writeFile(path, gzipSync(lines.replace('ligne', 'autre')));
  await expect(withArchive()).rejects.toThrow('is not the file that its manifest names');
  await writeFile(path, whole);
  await log.tamper(
    `update audit_tiles set hashes = overlay(hashes placing decode('00', 'hex') from 1) where level = 0 and number = 0`,
  );
  expect((await log.verify()).findings).toContainEqual(expect.objectContaining({ kind: 'edited', head: 1 }));
});

test('an event that was put among archived ones is found', async () => {
  await archive(FOURTH);
  await log.tamper(`insert into audit_events (id, xid, at, type, actor_id, actor_name, outcome)
    values (900, '3', '${hoursAfter(FIFTH, 1).toISOString()}', 'test.event', 'user:b', 'B', 'ok')`);
  expect((await log.verify()).findings).toMatchObject([{ kind: 'inserted', ids: ['900'] }]);
});

test('events that a dump brought from another server, where transactions were far ahead, are archived too', async () => {
  await log.tamper(`update audit_events set xid = '5000000000' where at < '${FOURTH.toISOString()}'`);
  expect((await archive(FOURTH)).archive?.manifest).toMatchObject({ from: 1, to: 2, size: 5 });
  expect(await parts()).not.toContain(nameOf(FIFTH));
  expect(await withArchive()).toMatchObject({ findings: [], archived: undefined });
});

test('nobody is told to remove an archive whose events may be nowhere else', async () => {
  const leave = async (facts: object): Promise<void> => {
    const file = { name: 'events.jsonl.gz', sha256: '0'.repeat(64) };
    const manifest = { v: 1, log: 'another', from: 1, to: 9, head: '0'.repeat(64), start: 0, size: 9, events: file, heads: file };
    await mkdir(join(folder, 'audit-000000000001-000000000009'), { recursive: true });
    await writeFile(
      join(folder, 'audit-000000000001-000000000009', 'manifest.json'),
      JSON.stringify({ ...manifest, before: FOURTH.toISOString(), ...facts }),
    );
  };
  const refusal = () => archive(FOURTH).then(String, ({ message, remedy }) => `${message} ${remedy}`);
  await leave({});
  expect(await refusal()).toMatch(/is an archive of another audit log\. Keep it/);
  // Heads that a restore has lost are in no database.
  const [first] = await headsAfter(log.db, 0, 1);
  await leave({ log: first?.log });
  expect(await refusal()).toMatch(/no archive of this log was recorded with\. .* keep it/);
  await leave({ log: first?.log, to: 1, head: headHash(first as AuditHead) }); // there is one
  expect(await refusal()).toMatch(/all in the database still: remove the folder/);
});

test('nothing is archived of a log that does not hold', async () => {
  await log.tamper(`update audit_events set outcome = 'denied' where id = 4`);
  await expect(archive(FOURTH)).rejects.toThrow('The audit log does not hold, and is not archived');
  expect((await readdir(folder)).filter((name) => !name.endsWith('.unfinished'))).toEqual([]);
  expect(await log.sql("select from audit_events where type = 'audit.archived'")).toEqual([]);
});

test('what a request that goes on, or a sink that is behind, still needs is not archived', async () => {
  const archiveFor = (from: 'beginning' | 'now') => archive(FOURTH, { readers: [{ name: 'sink:siem', from }] });
  const refused = 'Not everybody has been told these events yet: sink:siem';
  await expect(archiveFor('beginning')).rejects.toThrow(refused); // it has not begun
  await log.sql("insert into audit_cursors (name) values ('sink:siem')");
  await expect(archiveFor('now')).rejects.toThrow(refused);
  await log.sql("delete from audit_cursors where name = 'sink:siem'");
  await log.tamper(`insert into requests (action, action_version, title, risk, environment, input, plan, digest, summary, resource_type, resource_id,
      owner_team, reason, requester_id, requester_name, state, created_at, idempotent, observable, timeout_seconds)
    values ('lab.change', '1', 'Change', 'safe', 'staging', '{}', '{}', '', '', 'a', 'b', 'c', 'd', 'user:a', 'A', 'unknown',
      '${hoursAfter(FIFTH, 1).toISOString()}', true, true, 10)`);
  const { archive: made, heldBy } = await archiveFor('now');
  expect(heldBy).toContain('REQ-1 (unknown)');
  expect(made?.manifest).toMatchObject({ from: 1, to: 1 });
});
