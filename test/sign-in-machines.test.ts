import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Me } from '@guichet/contract';
import { freePort } from '@guichet/postgres-server';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type CommandLine, commandLine } from './support/command-line.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { Issuer } from './support/issuer.ts';
import { KEYS, Sts } from './support/sts.ts';

/** The sign-in of machines: a real gateway, and the real command in processes of its own. */
const AUDIENCE = 'https://guichet.example.com';
const ACCOUNT = '123456789012';

let platform: Issuer;
let sts: Sts;
let gateway: TestGateway;
let admin: pg.Client;
let cli: CommandLine;
beforeAll(async () => {
  platform = await Issuer.start();
  sts = await Sts.start();
  const scope = { actions: ['lab.*'], environments: ['staging'] };
  const port = await freePort(); // callers sign the address that they call
  gateway = await startGateway({
    config: {
      listen: { port },
      publicUrl: `http://127.0.0.1:${port}`,
      identity: {
        workloads: [
          {
            name: 'platform',
            issuer: platform.url,
            audience: AUDIENCE,
            rules: [{ claims: { sub: 'job:orders' }, machine: 'ci-checkout', scope }],
          },
        ],
        aws: {
          hosts: [sts.url],
          map: [
            { arn: `arn:aws:sts::${ACCOUNT}:assumed-role/deploy/*`, machine: 'ci-checkout', scope },
            { arn: `arn:aws:sts::${ACCOUNT}:assumed-role/developer/{person}`, person: '{person}' },
          ],
        },
      },
    },
  });
  admin = new pg.Client({ connectionString: gateway.databaseUrl });
  await admin.connect();
});
afterAll(async () => {
  await admin.end();
  await gateway.close();
  await platform[Symbol.asyncDispose]();
  await sts[Symbol.asyncDispose]();
});
beforeEach(async () => {
  cli = await commandLine();
  sts.arn = `arn:aws:sts::${ACCOUNT}:assumed-role/deploy/orders-17`;
});
afterEach(() => cli.close());

interface SignedIn {
  readonly profile: string;
  readonly principal: { readonly id: string };
  readonly expiresAt: string;
}
const login = (way: '--workload' | '--aws', env: Record<string, string>): Promise<SignedIn> =>
  cli.json(['login', way, '--url', gateway.app.url], { ...WITHOUT_AWS, ...env });
const WITHOUT_AWS = {
  AWS_ACCESS_KEY_ID: '',
  AWS_SECRET_ACCESS_KEY: '',
  AWS_SESSION_TOKEN: '',
  AWS_PROFILE: '',
  AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
};
const whoami = async (env: Record<string, string> = {}): Promise<string> => (await cli.json<Me>(['whoami'], env)).principal.id;
const job = (): Promise<string> => platform.token({ sub: 'job:orders', aud: AUDIENCE });
const expire = () => admin.query(`update tokens set expires_at = now() - interval '1 second' where origin is not null`);
async function profile(): Promise<Record<string, unknown>> {
  const file = JSON.parse(await readFile(cli.config, 'utf8'));
  return file.profiles['ci-checkout'];
}

describe('guichet login --workload', () => {
  test('exchanges the token of a GitLab job, and keeps what it gave, readable by its owner alone', async () => {
    const token = await job();
    expect(await login('--workload', { GUICHET_ID_TOKEN: token })).toMatchObject({
      profile: 'ci-checkout',
      principal: { id: 'machine:ci-checkout' },
    });
    expect(await whoami()).toBe('machine:ci-checkout');
    expect((await stat(cli.config)).mode & 0o777).toBe(0o600);
    expect(await readFile(cli.config, 'utf8')).not.toContain(token);
  });

  test('takes the token of a Kubernetes pod from its file, and the next one when what it gave has ended', async () => {
    const file = join(cli.folder, 'token');
    await writeFile(file, `${await job()}\n`);
    const env = { GUICHET_ID_TOKEN_FILE: file };
    await login('--workload', env);
    const before = await profile();
    await expire();
    await writeFile(file, await job()); // as the kubelet does
    expect(await whoami(env)).toBe('machine:ci-checkout');
    const after = await profile();
    expect(after['token']).not.toBe(before['token']);
    expect(after).toMatchObject({ proof: 'workload', principal: 'machine:ci-checkout', gateway: gateway.app.url });
  });

  test('replaces a token that is about to end before the gateway refuses it', async () => {
    await login('--workload', { GUICHET_ID_TOKEN: await job() });
    const config = JSON.parse(await readFile(cli.config, 'utf8'));
    const soon = new Date(Date.now() + 30_000).toISOString();
    config.profiles['ci-checkout'].expiresAt = soon;
    await writeFile(cli.config, JSON.stringify(config));
    const { token } = await profile();
    expect(await whoami({ GUICHET_ID_TOKEN: await job() })).toBe('machine:ci-checkout');
    expect((await profile())['token']).not.toBe(token);
  });

  test('says what to do when nothing proves who calls any more', async () => {
    await login('--workload', { GUICHET_ID_TOKEN: await job() });
    await expire();
    const { code, stderr } = await cli.run(['whoami']);
    expect(code).toBe(3);
    expect(stderr).toContain('GUICHET_ID_TOKEN');
    const again = await cli.run(['whoami'], { GUICHET_ID_TOKEN: 'eyJ.not.it' });
    expect(again).toMatchObject({ code: 3, stderr: expect.stringContaining('not a signed JWT') });
  });

  test('asks GitHub for a token that is for this gateway', async () => {
    const asked: (string | undefined)[] = [];
    const github = createServer(async (request, response) => {
      asked.push(request.url, request.headers.authorization);
      response.end(JSON.stringify({ count: 1, value: await job() }));
    });
    await new Promise<void>((resolve) => github.listen(0, '127.0.0.1', resolve));
    const { port } = github.address() as AddressInfo; // it listens on TCP
    await login('--workload', {
      ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${port}/token?api-version=2.0`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'of-the-job',
    });
    expect(asked).toEqual([`/token?api-version=2.0&audience=${encodeURIComponent(gateway.app.url)}`, 'Bearer of-the-job']);
    expect(await whoami()).toBe('machine:ci-checkout');
    await new Promise((resolve) => github.close(resolve));
  });

  test('says what is missing where the platform gives nothing', async () => {
    const nothing = { GUICHET_ID_TOKEN: '', GUICHET_ID_TOKEN_FILE: '', ACTIONS_ID_TOKEN_REQUEST_URL: '' };
    const here = await cli.run(['login', '--workload', '--url', gateway.app.url], nothing);
    expect(here).toMatchObject({ code: 3, stderr: expect.stringContaining('docs/guide/machines.md') });
    const action = await cli.run(['login', '--workload', '--url', gateway.app.url], { ...nothing, GITHUB_ACTIONS: 'true' });
    expect(action).toMatchObject({ code: 3, stderr: expect.stringContaining('id-token: write') });
  });
});

describe('guichet login --aws', () => {
  const keys = {
    AWS_ACCESS_KEY_ID: KEYS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: KEYS.secretAccessKey,
    AWS_SESSION_TOKEN: KEYS.sessionToken ?? '',
  };
  const endpoint = () => ({ AWS_ENDPOINT_URL_STS: sts.url });

  test('signs with the keys of the environment, for this gateway, and proves it again by itself', async () => {
    expect(await login('--aws', { ...keys, ...endpoint() })).toMatchObject({ principal: { id: 'machine:ci-checkout' } });
    expect(await whoami()).toBe('machine:ci-checkout');
    await expire();
    const [one, other] = await Promise.all([whoami({ ...keys, ...endpoint() }), whoami({ ...keys, ...endpoint() })]);
    expect([one, other]).toEqual(['machine:ci-checkout', 'machine:ci-checkout']);
    const text = await readFile(cli.config, 'utf8');
    for (const secret of [KEYS.secretAccessKey, KEYS.sessionToken ?? '']) expect(text).not.toContain(secret);
  });

  test('signs a person in', async () => {
    sts.arn = `arn:aws:sts::${ACCOUNT}:assumed-role/developer/nadia@example.com`;
    expect(await login('--aws', { ...keys, ...endpoint() })).toMatchObject({ profile: 'nadia', principal: { id: 'user:nadia' } });
    expect(await whoami()).toBe('user:nadia');
  });

  test('takes the credentials that the AWS command line gives', async () => {
    const bin = join(cli.folder, 'bin');
    await mkdir(bin);
    const { accessKeyId, secretAccessKey, sessionToken } = KEYS;
    const given = { Version: 1, AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, SessionToken: sessionToken };
    const script = `#!/bin/sh\n[ "$*" = "configure export-credentials --format process" ] && echo '${JSON.stringify(given)}'\n`;
    await writeFile(join(bin, 'aws'), script);
    await chmod(join(bin, 'aws'), 0o755);
    await login('--aws', { ...endpoint(), PATH: `${bin}:${process.env['PATH']}` });
    expect(await whoami()).toBe('machine:ci-checkout');
  });

  test('takes those of the shared file, of the profile that is named', async () => {
    const file = join(cli.folder, 'credentials');
    const { accessKeyId, secretAccessKey, sessionToken } = KEYS;
    await writeFile(
      file,
      `[default]\naws_access_key_id = AKIAOFNOBODYATALL00\naws_secret_access_key = x\n\n[ work ]\n# mine\naws_access_key_id=${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\naws_session_token = ${sessionToken}\n`,
    );
    const env = { ...WITHOUT_AWS, ...endpoint(), AWS_SHARED_CREDENTIALS_FILE: file, AWS_PROFILE: 'work' };
    const { code, stderr } = await cli.run(['login', '--aws', '--url', gateway.app.url], env);
    expect(code, stderr).toBe(0);
    expect(await whoami()).toBe('machine:ci-checkout');
  });

  test('says what is missing where there are no credentials', async () => {
    const { code, stderr } = await cli.run(['login', '--aws', '--url', gateway.app.url], WITHOUT_AWS);
    expect(code).toBe(3);
    expect(stderr).toContain('There are no AWS credentials here.');
  });

  test('says what AWS and the gateway say', async () => {
    const { code, stderr } = await cli.run(['login', '--aws', '--url', gateway.app.url], {
      ...keys,
      ...endpoint(),
      AWS_SECRET_ACCESS_KEY: 'wrong',
    });
    expect(code).toBe(3);
    expect(stderr).toContain('SignatureDoesNotMatch');
    const elsewhere = await cli.run(['login', '--aws', '--url', gateway.app.url], {
      ...keys,
      AWS_REGION: 'eu-west-3',
      AWS_ENDPOINT_URL_STS: '',
    });
    expect(elsewhere).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('not for a server of STS that this gateway asks'),
    });
  });
});

test('the ways to sign in exclude each other', async () => {
  const { code, stderr } = await cli.run(['login', '--aws', '--workload', '--url', gateway.app.url]);
  expect(code).toBe(2);
  expect(stderr).toContain('--workload and --aws exclude each other');
});
