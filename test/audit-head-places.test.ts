import { createHmac } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { type AuditHead, headHash, headLine } from '@guichet/contract/audit-log';
import { parseConfig } from '@guichet/gateway';
import { testDatabase } from '@guichet/postgres-server/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { AuditReceiver } from './support/audit-receiver.ts';
import { sql } from './support/beside.ts';
import { commandLine } from './support/command-line.ts';
import { COMPANY, SEALING, startGateway, type TestGateway } from './support/gateway.ts';
import { type Moto, skipsMoto, startMoto } from './support/moto.ts';
import { operator } from './support/operator.ts';

const LONG = { timeout: 30_000, interval: 200 };
const SECRET_VARIABLE = 'GUICHET_TEST_HEADS_SECRET';

let database: Awaited<ReturnType<typeof testDatabase>>;
const gateways: TestGateway[] = [];
beforeEach(async () => {
  database = await testDatabase();
});
afterEach(async () => {
  for (const gateway of gateways.splice(0)) await gateway.close();
  await database.drop();
});

async function gatewayWith(...heads: object[]): Promise<TestGateway> {
  const env = { [SECRET_VARIABLE]: 'a secret of heads' };
  const gateway = await startGateway({ databaseUrl: database.url, env, config: { audit: { heads } } });
  gateways.push(gateway);
  return gateway;
}
const stop = (): Promise<void> | undefined => gateways.pop()?.close();
const sealed = async (): Promise<AuditHead[]> =>
  (await sql<{ head: AuditHead }>(database.url, 'select head from audit_heads order by number')).map(({ head }) => head);
/** More events, and a head of them. */
async function more(gateway: TestGateway): Promise<void> {
  const before = (await sealed()).length;
  expect((await gateway.submit('nadia', { action: 'lab.change' })).status).toBe(201);
  await vi.waitFor(async () => expect((await sealed()).length).toBeGreaterThan(before), LONG);
}

describe('a webhook', () => {
  const receiver = new AuditReceiver();
  beforeEach(async () => {
    receiver.mood = 'takes';
    receiver.taken.length = 0;
    await receiver.listen();
  });
  afterEach(() => receiver.die());
  const taken = (): string[] => receiver.taken.map(({ text }) => text);
  const untilTold = (): Promise<void> =>
    vi.waitFor(async () => expect([...new Set(taken())]).toEqual((await sealed()).map(headLine)), LONG);

  test('gets every head, as it is and signed, in order, and the next gateway goes on where this one ended', async () => {
    const place = { webhook: { url: receiver.url, secretFromEnv: SECRET_VARIABLE } };
    const first = await gatewayWith(place);
    await more(first);
    await untilTold();
    await stop();
    const second = await gatewayWith(place);
    await more(second);
    await untilTold();
    expect(taken()).toHaveLength((await sealed()).length);
    for (const { headers, text } of receiver.taken) {
      const [, seconds, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['guichet-signature'])) ?? [];
      expect(signature).toBe(createHmac('sha256', 'a secret of heads').update(`${seconds}.${text}`).digest('hex'));
    }
  });

  test('that fails, or never answers, holds up neither requests nor other places, and gets all when it is well again', async () => {
    receiver.mood = 'fails';
    const gateway = await gatewayWith({ webhook: { url: receiver.url } }, { file: 'heads.jsonl' });
    await vi.waitFor(() => expect(receiver.posts).toBeGreaterThan(0), LONG);
    receiver.mood = 'hangs';
    const { body } = await gateway.submit('nadia', { action: 'lab.change' });
    await gateway.until(body.id, 'succeeded');
    const lag = async (): Promise<string> => (await fetch(`${gateway.app.url}/metrics`)).text();
    await vi.waitFor(
      async () => expect(await lag()).toMatch(/guichet_audit_publish_lag_seconds\{destination="The webhook at [^"]*"\} (?!0\b)/),
      LONG,
    );
    expect(taken()).toEqual([]);
    receiver.mood = 'takes';
    await receiver.die();
    await receiver.listen();
    await untilTold();
  });

  test('is taken over https only, but for this machine', () => {
    const read = (url: string) =>
      parseConfig({ company: COMPANY, audit: { heads: [{ webhook: { url } }] } }, { path: 'guichet.yaml', env: {} });
    expect(() => read('http://keeper.example/heads')).toThrow('must be https');
    expect(() => read('https://keeper.example/heads')).not.toThrow();
    expect(() => read('http://127.0.0.1:8080/heads')).not.toThrow();
  });
});

describe.skipIf(skipsMoto('heads of the audit log in S3 with object lock'))('a bucket with object lock', () => {
  let moto: Moto;
  let s3: S3Client;
  let folder: string;
  let count = 0;
  let Bucket = '';
  beforeAll(async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
    moto = await startMoto();
    s3 = new S3Client({ region: 'us-east-1', endpoint: moto.url, forcePathStyle: true });
    folder = await mkdtemp(join(tmpdir(), 'guichet-bucket-'));
  }, 90_000);
  afterAll(async () => {
    vi.unstubAllEnvs();
    s3.destroy();
    await moto.stop();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    Bucket = `heads-${++count}`;
    await s3.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }));
  });

  const place = () => ({ s3: { bucket: Bucket, region: 'us-east-1', endpoint: moto.url, retain: '400d' } });
  const versions = async () => (await s3.send(new ListObjectVersionsCommand({ Bucket }))).Versions ?? [];
  const contentOf = async (Key: string): Promise<string> =>
    (await (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString()) ?? '';
  const keyOf = (number: number): string => `guichet-audit-heads/${String(number).padStart(12, '0')}.json`;
  const untilTold = (): Promise<void> =>
    vi.waitFor(async () => {
      const heads = await sealed();
      expect((await versions()).map(({ Key }) => Key)).toEqual(heads.map(({ number }) => keyOf(number)));
    }, LONG);

  test('gets each head as an object that nobody can delete, and the next gateway goes on where this one ended', async () => {
    await more(await gatewayWith(place()));
    await untilTold();
    await stop();
    const gateway = await gatewayWith(place());
    await more(gateway);
    await more(gateway);
    await untilTold();
    for (const head of await sealed()) expect(await contentOf(keyOf(head.number))).toBe(`${headLine(head)}\n`);
    const object = await s3.send(new HeadObjectCommand({ Bucket, Key: keyOf(1) }));
    expect(object.ObjectLockMode).toBe('COMPLIANCE');
    expect(object.ObjectLockRetainUntilDate?.getTime()).toBeGreaterThan(Date.now() + 399 * 86_400_000);
    const [version] = await versions();
    await expect(
      s3.send(new DeleteObjectCommand({ Bucket, Key: version?.Key, VersionId: version?.VersionId })),
    ).rejects.toThrow();

    // A copy of it, as `aws s3 sync` makes it, is what the log is checked with.
    for (const { Key = '' } of await versions()) await writeFile(join(folder, Key.replaceAll('/', '_')), await contentOf(Key));
    const cli = await commandLine();
    try {
      const env = { GUICHET_URL: gateway.app.url, GUICHET_TOKEN: await gateway.token('user:sven') };
      const { stdout } = await cli.run(['audit', 'verify', '--heads', folder], env);
      expect(stdout).toContain('all hold');
    } finally {
      await cli.close();
    }
  });

  test('that has another head of a number is never written over, and said aloud', async () => {
    const gateway = await gatewayWith(place());
    await more(gateway);
    await untilTold();
    const { length } = await sealed();
    const forged = keyOf(length + 1);
    const [last] = (await sealed()).slice(-1);
    await s3.send(new PutObjectCommand({ Bucket, Key: forged, Body: headLine({ ...(last as AuditHead), number: length + 1 }) })); // there is one
    await more(gateway);
    const problem = async () => (await gateway.call<{ problem: string | null }>('sven', 'GET', '/v1/audit/heads')).body.problem;
    await vi.waitFor(async () => expect(await problem()).toContain(`has another head ${length + 1} of the audit log`), LONG);
    expect((await versions()).filter(({ Key }) => Key === forged)).toHaveLength(1);
    // Requests go on.
    expect((await gateway.submit('nadia', { action: 'lab.change' })).status).toBe(201);
  });

  test('goes on after a restore beside the heads that were lost, and a copy of it is checked with both', async () => {
    await more(await gatewayWith(place()));
    await more(gateways[0] as TestGateway); // it was made a line above
    await untilTold();
    await stop();
    const [first, ...lost] = await sealed();
    const { size = 0 } = first ?? {};
    await sql(
      database.url,
      `set session_replication_role = replica; delete from audit_heads where number > 1; delete from audit_events where id > ${size};
       update audit_tiles set hashes = substr(hashes, 1, ${32 * size})`,
    );
    const config = join(folder, 'operator.yaml');
    const file = { company: COMPANY, database: { url: database.url }, sealing: { keyFromEnv: SEALING.variable } };
    await writeFile(config, JSON.stringify({ ...file, audit: { heads: [place()] } })); // JSON is YAML too
    const env = { [SEALING.variable]: SEALING.key };
    const reason = ['--lost', headHash(lost.at(-1) as AuditHead), '--reason', 'Restored from the backup of 03:00']; // two were made
    expect(await operator(config, ['accept-restore', ...reason], env)).toMatchObject({ code: 0 });
    const gateway = await gatewayWith(place());
    for (let heads = 0; heads < lost.length + 1; heads++) await more(gateway);
    await vi.waitFor(async () => {
      const told = await Promise.all((await versions()).map(async ({ Key = '' }) => (await contentOf(Key)).trim()));
      expect(told).toEqual(expect.arrayContaining([...lost, ...(await sealed())].map(headLine)));
    }, LONG);
    const second = keyOf(2).replace('.json', `-${headHash((await sealed())[1] as AuditHead).slice(0, 16)}.json`); // as the lost one's place is taken
    expect((await versions()).map(({ Key }) => Key)).toContain(second);

    const copy = await mkdtemp(join(folder, 'copy-'));
    for (const { Key = '' } of await versions()) await writeFile(join(copy, Key.replaceAll('/', '_')), await contentOf(Key));
    const verified = await operator(config, ['verify-audit', '--heads', copy, '--accept-restore', '2'], env);
    expect(verified).toMatchObject({ code: 0 });
  }, 60_000);
});
