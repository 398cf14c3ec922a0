import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestDatabase, testDatabase } from '@guichet/postgres-server/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Database, migrate, statement } from '../src/db/index.ts';
import { type Envelope, Keyring, loadKeyring, rewrapAll, Sealer } from '../src/sealing/index.ts';
import { parseKeys } from '../src/sealing/local-keys.ts';

const newKey = (): string => randomBytes(32).toString('base64');
const keyringOf = (...texts: string[]): Keyring => new Keyring(parseKeys(texts.join(' '), 'test'));
const BY = { id: 'system', name: 'test' };

let fresh: TestDatabase;
let db: Database;
let folder: string;
beforeAll(async () => {
  fresh = await testDatabase();
  await migrate(fresh.url);
  db = new Database({ url: fresh.url, poolSize: 4, onError: () => {} });
  folder = await mkdtemp(join(tmpdir(), 'guichet-sealing-'));
});
afterAll(async () => {
  await db.close();
  await fresh.drop();
  await rm(folder, { recursive: true });
});

/** An installation of its own in the same database. */
async function installation(...keys: string[]): Promise<Sealer> {
  await db.query(statement('test-forget', 'delete from sealing_keys'));
  return Sealer.start({ db, keyring: keyringOf(...keys) });
}

describe('an envelope', () => {
  test('opens as what it was sealed as, and as nothing else', async () => {
    const sealer = await installation(newKey());
    const envelope = await sealer.sealForStorage('request:1', 'hunter2');
    expect((await sealer.openStored('request:1', envelope)).toString()).toBe('hunter2');
    await expect(sealer.openStored('request:2', envelope)).rejects.toMatchObject({ code: 'sealing.broken' });
    await expect(sealer.openStored('request:2', { ...envelope, for: 'request:2' })).rejects.toMatchObject({
      code: 'sealing.broken',
    });
    expect(JSON.stringify(envelope)).not.toContain('hunter2');
  });

  test('has a key and a nonce of its own: the same content is never the same text', async () => {
    const sealer = await installation(newKey());
    const [one, two] = await Promise.all([sealer.sealForStorage('a', 'same'), sealer.sealForStorage('a', 'same')]);
    expect(one.box).not.toBe(two.box);
    expect(one.wrapped).not.toBe(two.wrapped);
    // The content of one with the data key of the other.
    await expect(sealer.openStored('a', { ...one, wrapped: two.wrapped })).rejects.toMatchObject({ code: 'sealing.broken' });
  });

  test.each(['wrapped', 'box'] as const)('does not open when a bit of its %s has changed', async (part) => {
    const sealer = await installation(newKey());
    const envelope = await sealer.sealForStorage('a', 'hunter2');
    const bytes = Buffer.from(envelope[part], 'base64');
    for (const at of [0, 12, bytes.length - 1]) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await expect(sealer.openStored('a', { ...envelope, [part]: changed.toString('base64') })).rejects.toMatchObject({
        code: 'sealing.broken',
      });
    }
    await expect(sealer.openStored('a', { ...envelope, [part]: '' })).rejects.toMatchObject({ code: 'sealing.broken' });
  });

  test('says which key is missing', async () => {
    const [first, second] = [newKey(), newKey()];
    const envelope = await (await installation(first)).sealForStorage('a', 'x');
    const other = await installation(second);
    await expect(other.openStored('a', envelope)).rejects.toMatchObject({
      code: 'sealing.broken',
      message: expect.stringContaining(keyringOf(first).current.id),
      remedy: expect.stringContaining(keyringOf(second).current.id),
    });
  });
});

describe('what is sealed for a while', () => {
  test('opens for its purpose alone, at every replica, and not when it was changed', async () => {
    const key = newKey();
    const sealer = await installation(key);
    const sealed = sealer.seal('cookie:session', 'nadia');
    const replica = await Sealer.start({ db, keyring: keyringOf(key) });
    expect(replica.open('cookie:session', sealed)?.toString()).toBe('nadia');
    expect(replica.open('cookie:state', sealed)).toBeUndefined();
    const changed = `${sealed.slice(0, -2)}${sealed.at(-2) === 'A' ? 'B' : 'A'}${sealed.at(-1)}`;
    for (const wrong of [changed, sealed.slice(0, -4), `${sealed}AAAA`, `${sealed} `, `${sealed}=`, 'gs1.', 'gs1.AAAA', '', 'x'])
      expect(sealer.open('cookie:session', wrong), wrong).toBeUndefined();
    expect(sealed).toMatch(/^gs1\.[A-Za-z0-9_-]+$/);
    expect(sealer.seal('cookie:session', 'nadia')).not.toBe(sealed);
  });

  test('another installation opens none of it, and its digests are others', async () => {
    const key = newKey();
    const one = await installation(key);
    const sealed = one.seal('p', 'x');
    const mac = one.mac('p', 'x');
    const two = await installation(key);
    expect(two.open('p', sealed)).toBeUndefined();
    expect(two.mac('p', 'x')).not.toBe(mac);
    expect(one.mac('p', 'x')).toBe(mac);
    expect(one.mac('q', 'x')).not.toBe(mac);
    expect(mac).toMatch(/^hmac-sha256:[0-9a-f]{64}$/);
  });
});

describe('the keys', () => {
  test('two gateways that start at once on an empty database have one root secret', async () => {
    await db.query(statement('test-forget', 'delete from sealing_keys'));
    const key = newKey();
    const sealers = await Promise.all(Array.from({ length: 4 }, () => Sealer.start({ db, keyring: keyringOf(key) })));
    expect(new Set(sealers.map((sealer) => sealer.mac('p', 'x'))).size).toBe(1);
  });

  test('a gateway with another key does not start, and says which one is wanted', async () => {
    const [right, wrong] = [newKey(), newKey()];
    await installation(right);
    await expect(Sealer.start({ db, keyring: keyringOf(wrong) })).rejects.toMatchObject({
      code: 'config.invalid',
      message: `The database is sealed with the key ${keyringOf(right).current.id}; the configuration has ${keyringOf(wrong).current.id}.`,
      remedy: expect.stringContaining("'sealing'"),
    });
  });

  test('the first one seals, all of them open', async () => {
    const [old, young] = [newKey(), newKey()];
    const before = await installation(old);
    const envelope = await before.sealForStorage('a', 'x');
    const after = await Sealer.start({ db, keyring: keyringOf(young, old) });
    expect((await after.openStored('a', envelope)).toString()).toBe('x');
    expect((await after.sealForStorage('a', 'x')).key).toBe(keyringOf(young).current.id);
    expect(after.mac('p', 'x')).toBe(before.mac('p', 'x'));
  });

  test('of a file are made when it is missing, readable by the owner alone, whole however many start at once', async () => {
    const sealing = { current: { keyFile: 'made/sealing.key' }, formerly: [] };
    const rings = await Promise.all(Array.from({ length: 4 }, () => loadKeyring(sealing, folder)));
    expect(new Set(rings.map(({ current }) => current.id)).size).toBe(1);
    const path = join(folder, 'made/sealing.key');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(parseKeys(await readFile(path, 'utf8'), path)).toHaveLength(1);
  });

  test('of earlier times are never made: a slip in a path is found', async () => {
    const sealing = { current: { keyFile: 'made/sealing.key' }, formerly: [{ keyFile: 'gone.key' }] };
    await expect(loadKeyring(sealing, folder)).rejects.toMatchObject({
      code: 'config.invalid',
      message: `The sealing key ${join(folder, 'gone.key')} cannot be read: it is not there.`,
    });
  });

  test.each([
    ['', 'holds no key'],
    ['# only a comment', 'holds no key'],
    [randomBytes(31).toString('base64'), 'entry 1 is not a key'],
    [`${newKey()}\nnot-a-key-hunter2`, 'entry 2 is not a key'],
  ])('a file with %j is refused without being quoted', async (text, words) => {
    await writeFile(join(folder, 'wrong.key'), text);
    const loading = loadKeyring({ current: { keyFile: 'wrong.key' }, formerly: [] }, folder);
    await expect(loading).rejects.toMatchObject({ code: 'config.invalid', message: expect.stringContaining(words) });
    await expect(loading).rejects.toMatchObject({ message: expect.not.stringContaining('hunter2') });
  });

  test('may carry comments, and come from one text with several', async () => {
    const [one, two] = [newKey(), newKey()];
    const keyring = keyringOf(`# this year's\n${one} # since May\n\n`, two.replace(/=$/, ''));
    expect(keyring.ids).toEqual([keyringOf(one).current.id, keyringOf(two).current.id]);
  });
});

describe('sealing anew', () => {
  const stored = statement(
    'test-store',
    `insert into grant_keys (kid, paserk, sealed, signs_from, retires_at) values ($1, '', $2, now(), now() + interval '1 hour')`,
  );
  const read = statement('test-read', 'select kid, sealed from grant_keys order by kid');
  const auditRows = statement('test-audit', `select data from audit_events where type = 'sealing.rewrapped' order by id`);

  test('leaves contents as they are, needs the old key no more, and goes on where it was interrupted', async () => {
    const [old, young] = [newKey(), newKey()];
    const before = await installation(old);
    const mac = before.mac('p', 'x');
    for (let number = 0; number < 250; number += 1) {
      const kid = `k${String(number).padStart(3, '0')}`;
      await db.query(stored, [kid, JSON.stringify(await before.sealForStorage(kid, `secret ${kid}`))]);
    }
    // Interrupted after the first batches: the key is taken away from it.
    let unwraps = 0;
    const keys = parseKeys(`${young} ${old}`, 'test');
    const unwrap = keys[1]?.unwrap.bind(keys[1]);
    Object.assign(keys[1] ?? {}, {
      unwrap: (...all: Parameters<NonNullable<typeof unwrap>>) => {
        unwraps += 1;
        if (unwraps > 150) throw new Error('pulled the plug');
        return unwrap?.(...all);
      },
    });
    await expect(rewrapAll({ db, keyring: new Keyring(keys), by: BY })).rejects.toThrow('pulled the plug');
    expect(await rewrapAll({ db, keyring: keyringOf(young, old), by: BY })).toEqual({ count: 150, left: [] });
    expect(await rewrapAll({ db, keyring: keyringOf(young), by: BY })).toEqual({ count: 0, left: [] });

    const after = await Sealer.start({ db, keyring: keyringOf(young) });
    expect(after.mac('p', 'x')).toBe(mac);
    for (const { kid, sealed } of await db.query<{ kid: string; sealed: Envelope }>(read))
      expect((await after.openStored(kid, sealed)).toString()).toBe(`secret ${kid}`);
    const rows = await db.query<{ data: { count: number; key: string } }>(auditRows);
    expect(rows.reduce((sum, { data }) => sum + data.count, 0)).toBe(251);
    expect(new Set(rows.map(({ data }) => data.key))).toEqual(new Set([keyringOf(young).current.id]));
  });

  test('names what it cannot open, and seals the rest anew', async () => {
    const [old, young, lost] = [newKey(), newKey(), newKey()];
    await db.query(statement('test-clear', 'delete from grant_keys'));
    const sealer = await installation(old);
    await db.query(stored, ['mine', JSON.stringify(await sealer.sealForStorage('mine', 'x'))]);
    const foreign = await (await installation(lost)).sealForStorage('foreign', 'x');
    await db.query(stored, ['foreign', JSON.stringify(foreign)]);
    await installation(old);
    const { count, left } = await rewrapAll({ db, keyring: keyringOf(young, old), by: BY });
    expect(count).toBe(2);
    expect(left).toEqual([
      expect.stringContaining(`the grant key foreign: It was sealed with the key ${keyringOf(lost).current.id}`),
    ]);
  });
});
