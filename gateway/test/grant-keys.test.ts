import { randomBytes } from 'node:crypto';
import { type TestDatabase, testDatabase } from '@guichet/postgres-server/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { GrantKeys, Grants } from '../src/catalog/index.ts';
import { Bus, Database, migrate, statement } from '../src/db/index.ts';
import { Keyring, Sealer } from '../src/sealing/index.ts';
import { LocalKey } from '../src/sealing/local-keys.ts';

const HOUR = 3_600_000;
const BY = { id: 'user:sven', name: 'Sven' };
const key = new LocalKey(randomBytes(32));

let fresh: TestDatabase;
let db: Database;
let sealer: Sealer;
const closers: (() => Promise<void>)[] = [];
beforeEach(async () => {
  fresh = await testDatabase();
  await migrate(fresh.url);
  db = new Database({ url: fresh.url, poolSize: 8, onError: () => {} });
  sealer = await Sealer.start({ db, keyring: new Keyring([key]) });
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await db.close();
  await fresh.drop();
});

const replica = (more: { rotateAfterMs?: number; overlapMs?: number } = {}): Promise<GrantKeys> =>
  GrantKeys.load({ db, sealer, rotateAfterMs: 720 * HOUR, overlapMs: HOUR, ...more });

/** A replica that hears of the others. */
async function following(more: { rotateAfterMs?: number; overlapMs?: number } = {}): Promise<GrantKeys> {
  const keys = await replica(more);
  const bus = new Bus({ url: fresh.url, database: db, onError: () => {} });
  await bus.start();
  const unfollow = keys.follow({ bus, onNews: () => {}, onError: () => {} });
  closers.push(() => bus.close(), unfollow);
  return keys;
}

const signing = (keys: GrantKeys): string => (JSON.parse(new TextDecoder().decode(keys.signer().footer)) as { kid: string }).kid;
const publishedBy = (keys: GrantKeys): string[] => keys.published().map(({ kid }) => kid);
const audit = statement('test-audit', `select type, actor_id as who, resource from audit_events order by id`);
const moveBack = statement(
  'test-later',
  `update grant_keys set created_at = created_at - make_interval(secs => $1), signs_from = signs_from - make_interval(secs => $1),
     retires_at = retires_at - make_interval(secs => $1)`,
);
/** So much time passes, for the keys. */
const pass = (seconds: number): Promise<object[]> => db.query(moveBack, [seconds]);

test('replicas that start at once on an empty database make one key, and sign with it', async () => {
  const replicas = await Promise.all(Array.from({ length: 5 }, () => replica()));
  expect(new Set(replicas.map(signing)).size).toBe(1);
  expect(replicas.map(publishedBy)).toEqual(Array(5).fill([signing(await replica())]));
});

test('its secret half is in the database sealed, and nowhere else', async () => {
  const keys = await replica();
  const rows = await db.query<{ text: string }>(statement('test-dump', 'select grant_keys::text as text from grant_keys'));
  expect(rows[0]?.text).not.toContain('k4.secret');
  const [row] = await db.query<{ sealed: Parameters<Sealer['openStored']>[1] }>(
    statement('test-key', 'select sealed from grant_keys'),
  );
  if (row === undefined) throw new Error('there is no key');
  expect((await sealer.openStored(`grant-key:${signing(keys)}`, row.sealed)).toString()).toMatch(/^k4\.secret\./);
});

describe('a rotation', () => {
  test('publishes the new key at once, signs with it after the overlap, and publishes the old one until its grants have died', async () => {
    const keys = await replica();
    const old = signing(keys);
    const young = await keys.rotate({ by: BY });
    expect(publishedBy(keys)).toEqual([old, young]);
    expect(signing(keys)).toBe(old);
    await pass(3599);
    await keys.refresh();
    expect(signing(keys)).toBe(old);
    await pass(2);
    await keys.refresh();
    expect(signing(keys)).toBe(young);
    expect(publishedBy(keys)).toEqual([old, young]);
    await pass(290);
    await keys.refresh();
    expect(publishedBy(keys)).toEqual([old, young]);
    await pass(15);
    await keys.refresh();
    expect(publishedBy(keys)).toEqual([young]);
    const left = await db.query(statement('test-left', 'select kid from grant_keys where sealed is not null'));
    expect(left).toEqual([{ kid: young }]); // the secret half of the old one is gone
  });

  test('needs no look at the database to begin signing: the time has come, and the key is there', async () => {
    const keys = await replica({ overlapMs: 300 });
    const young = await keys.rotate({ by: BY });
    expect(signing(keys)).not.toBe(young);
    await expect.poll(() => signing(keys), { timeout: 5000 }).toBe(young);
  });

  test('is one, whoever rotates at the same moment', async () => {
    const replicas = await Promise.all(Array.from({ length: 5 }, () => replica()));
    const made = await Promise.all(replicas.map((keys) => keys.rotate({ by: BY })));
    expect(made.filter((kid) => kid !== undefined)).toHaveLength(1);
    for (const keys of replicas) expect(publishedBy(keys)).toHaveLength(2);
  });

  test('reaches all replicas at once', async () => {
    const [one, two] = [await following(), await following()];
    const young = await one.rotate({ by: BY, now: true });
    expect(signing(one)).toBe(young);
    await expect.poll(() => signing(two), { timeout: 5000 }).toBe(young);
  });

  test('comes by itself when a key is old, once for all replicas', async () => {
    const keys = await replica();
    const old = signing(keys);
    await pass(721 * 3600);
    const replicas = await Promise.all([following(), following(), following()]);
    await keys.rotate({ by: BY }).catch(() => {}); // wakes all of them: each finds that the key is old
    await expect.poll(() => replicas.map((each) => publishedBy(each).length), { timeout: 5000 }).toEqual([2, 2, 2]);
    expect(replicas.map(signing)).toEqual([old, old, old]);
  });

  test('is in the audit log, with who did it', async () => {
    const keys = await replica();
    const old = signing(keys);
    const young = await keys.rotate({ by: BY, now: true, revoke: old });
    expect(await db.query(audit)).toEqual([
      { type: 'grant_key.created', who: 'system', resource: `grant-key:${old}` },
      { type: 'grant_key.created', who: 'user:sven', resource: `grant-key:${young}` },
      { type: 'grant_key.revoked', who: 'user:sven', resource: `grant-key:${old}` },
    ]);
  });
});

describe('a revocation', () => {
  test('unpublishes the key and erases it, in the moment in which another one signs', async () => {
    const [keys, other] = [await following(), await following()];
    const old = signing(keys);
    const young = await keys.rotate({ by: BY, now: true, revoke: old });
    expect(signing(keys)).toBe(young);
    expect(publishedBy(keys)).toEqual([young]);
    await expect.poll(() => publishedBy(other), { timeout: 5000 }).toEqual([young]);
    const rows = await db.query(statement('test-sealed', 'select sealed from grant_keys where kid = $1'), [old]);
    expect(rows).toEqual([{ sealed: null }]);
  });

  test('of a key that was to sign later takes it away as well', async () => {
    const keys = await replica();
    const first = signing(keys);
    const pending = await keys.rotate({ by: BY });
    const young = await keys.rotate({ by: BY, now: true, revoke: pending });
    expect(publishedBy(keys)).toEqual([first, young]);
    await pass(7200);
    await keys.refresh();
    expect(signing(keys)).toBe(young);
  });

  test('of a key that is not there does nothing at all', async () => {
    const keys = await replica();
    const before = publishedBy(keys);
    await expect(keys.rotate({ by: BY, now: true, revoke: 'nobody' })).rejects.toMatchObject({ code: 'usage.invalid' });
    await keys.refresh();
    expect(publishedBy(keys)).toEqual(before);
  });
});

test('with two rotations in one overlap the newest key signs in the end', async () => {
  const keys = await replica();
  const [second, third] = [await keys.rotate({ by: BY }), await keys.rotate({ by: BY })];
  expect(publishedBy(keys)).toHaveLength(3);
  await pass(3601);
  await keys.refresh();
  expect(signing(keys)).toBe(third);
  expect(publishedBy(keys)).toContain(second);
});

test('a grant names its key, and what it permits', async () => {
  const keys = await replica();
  const grants = new Grants({ keys, issuer: 'https://guichet.test' });
  const now = new Date('2026-11-21T09:00:00Z');
  const subject = {
    aud: 'orders',
    phase: 'run',
    action: 'refund',
    version: '7',
    environment: 'production',
    caller: { id: 'user:nadia', name: 'Nadia', teams: ['orders'] },
    approvers: [{ id: 'user:omar', name: 'Omar' }],
    request: 'REQ-1042',
    run: '01981f00-0000-7000-8000-000000000002',
  } as const;
  const claims = grants.claims(
    { ...subject, caller: { ...subject.caller, teams: ['orders'] }, approvers: [...subject.approvers] },
    { environment: 'production', input: { order: 'A-1042' } },
    now,
  );
  expect(claims).toEqual({
    ...subject,
    iss: 'https://guichet.test',
    jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
    iat: '2026-11-21T09:00:00.000Z',
    exp: '2026-11-21T09:01:00.000Z',
    body: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
  });
  const token = await grants.sign(claims);
  const footer = JSON.parse(Buffer.from(token.split('.')[3] ?? '', 'base64url').toString()) as unknown;
  expect(footer).toEqual({ kid: signing(keys) });
  expect(keys.published()).toMatchObject([{ kid: signing(keys), paserk: expect.stringMatching(/^k4\.public\.[\w-]{43}$/) }]);
});
