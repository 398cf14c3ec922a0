import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Me, Session } from '@guichet/contract';
import { type IdentityPerson, type IdentityProvider, startIdentityProvider } from '@guichet/demo';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type CommandLine, commandLine, waitFor, withBrowser } from './support/command-line.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { answerCommandLine, deviceUrlIn } from './support/person.ts';

/** The command line's sign-in: a real gateway, a real identity provider, the real command in processes of its own. */
const person = (name: string, fullName: string): IdentityPerson => ({
  name,
  fullName,
  email: `${name}@example.com`,
  groups: [],
  password: `${name}'s password`,
});
const NADIA = { username: 'nadia', password: "nadia's password" };
const AMINE = { username: 'amine', password: "amine's password" };

let provider: IdentityProvider;
let gateway: TestGateway;
let cli: CommandLine;
beforeAll(async () => {
  const client = { clientId: 'guichet', clientSecret: 'shared', redirectUris: ['http://127.0.0.1/v1/auth/callback'] };
  provider = await startIdentityProvider({
    clients: [client],
    people: [person('nadia', 'Nadia Benali'), person('amine', 'Amine Diallo')],
  });
  gateway = await startGateway({
    config: { identity: { oidc: { issuer: provider.issuer, clientId: 'guichet', clientSecretFromEnv: 'TEST_CLIENT_SECRET' } } },
    env: { TEST_CLIENT_SECRET: 'shared' },
  });
});
afterAll(async () => {
  await gateway.close();
  await provider.close();
});
beforeEach(async () => {
  cli = await commandLine();
});
afterEach(() => cli.close());

interface LoggedIn extends Me {
  readonly profile: string;
  readonly keptIn: string;
  readonly place: string;
}

const login = (who = NADIA, ...flags: string[]): Promise<LoggedIn> =>
  cli.json(['login', '--browser', '--url', gateway.app.url, ...flags], withBrowser(who));

interface Kept {
  accessToken: string;
  accessTokenExpiresAt: string;
  refreshToken: string;
}
const keptFile = (profile = 'nadia'): string => join(cli.folder, 'config.credentials', `${profile}.json`);
const kept = async (profile?: string): Promise<Kept> => JSON.parse(await readFile(keptFile(profile), 'utf8'));
const rewrite = async (change: Partial<Kept>): Promise<void> =>
  writeFile(keptFile(), JSON.stringify({ ...(await kept()), ...change }));
const LONG_AGO = '2020-01-01T00:00:00.000Z';

async function query<Row>(sql: string, values: unknown[] = []): Promise<Row[]> {
  const client = new pg.Client({ connectionString: gateway.databaseUrl });
  await client.connect();
  try {
    return (await client.query(sql, values)).rows as Row[]; // what the statement selects
  } finally {
    await client.end();
  }
}

const refreshTokensOf = async (session: string): Promise<number> =>
  (await query('select from refresh_tokens where session_id = $1', [session])).length;

describe('with the browser of this machine', () => {
  test('signs in, keeps the sign-in in a file that is private, and tells where', async () => {
    const saw = join(cli.folder, 'saw');
    const { finished } = cli.start(['login', '--browser', '--url', gateway.app.url], withBrowser({ ...NADIA, saw }));
    const { code, stdout, stderr } = await finished;
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stdout).toContain("Signed in as Nadia Benali (user:nadia) in team 'checkout'");
    expect(stdout).toContain(keptFile());
    expect((await stat(keptFile())).mode & 0o777).toBe(0o600);
    expect((await stat(join(cli.folder, 'config.credentials'))).mode & 0o777).toBe(0o700);
    expect(await readFile(saw, 'utf8')).toMatch(/^http:\/\/127\.0\.0\.1:\d+ 200 Guichet Signed in You are Nadia Benali\./);
    const me = await cli.json<LoggedIn>(['whoami']);
    expect(me).toMatchObject({ principal: { id: 'user:nadia' }, profile: 'nadia', keptIn: 'file', session: { kind: 'cli' } });
    const { accessToken, refreshToken } = await kept();
    for (const secret of [accessToken, refreshToken]) {
      expect(stdout + stderr).not.toContain(secret);
      expect(await readFile(cli.config, 'utf8')).not.toContain(secret);
    }
  });

  test('opens no browser where nobody can come back from it, and says why', async () => {
    const withoutProvider = await startGateway();
    const loginAt = (url: string) => cli.run(['login', '--browser', '--url', url], withBrowser(NADIA));
    try {
      expect(await loginAt(withoutProvider.app.url)).toMatchObject({
        code: 3,
        stderr: expect.stringMatching(/^error: This gateway has no identity provider\.\n.+token that its operator issues/),
      });
      expect(await loginAt('http://127.0.0.1:9')).toMatchObject({
        code: 7,
        stderr: expect.stringMatching(/^error: .+cannot be reached/),
      });
      expect(await loginAt(provider.issuer)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('the address is that of a Guichet gateway'),
      });
    } finally {
      await withoutProvider.close();
    }
  });

  test('ends with 4 when the person says no, and keeps nothing', async () => {
    const denied = withBrowser({ ...NADIA, decision: 'Deny' });
    const { code, stderr } = await cli.run(['login', '--browser', '--url', gateway.app.url], denied);
    expect(code).toBe(4);
    expect(stderr).toContain('The sign-in was denied in the browser.');
    await expect(kept()).rejects.toThrow('ENOENT');
  });

  test('does not put one person into the profile of another, and ends what was begun', async () => {
    await login();
    const browser = withBrowser(AMINE);
    const { code, stderr } = await cli.run(['login', '--browser', '--profile', 'nadia'], browser);
    expect(code).toBe(2);
    expect(stderr).toContain("You signed in as Amine Diallo (user:amine), but the profile 'nadia' is that of user:nadia.");
    expect(await cli.json(['whoami'])).toMatchObject({ principal: { id: 'user:nadia' } });
    const live = await query("select from sessions where principal_id = 'user:amine' and kind = 'cli' and revoked_at is null");
    expect(live).toEqual([]);
  });

  test('keeps a second person beside the first, and the first stays the current one', async () => {
    await login();
    await login(AMINE, '--profile', 'colleague');
    expect(await cli.json(['whoami'])).toMatchObject({ principal: { id: 'user:nadia' } });
    expect(await cli.json(['whoami', '--profile', 'colleague'])).toMatchObject({ principal: { id: 'user:amine' } });
  });

  test('ends the session of a sign-in that a new one replaces', async () => {
    const first = await login();
    const second = await login();
    expect(second.session?.id).not.toBe(first.session?.id);
    const { items } = await cli.json<{ items: Session[] }>(['sessions', 'list']);
    expect(items.map(({ id }) => id)).not.toContain(first.session?.id);
  });
});

describe('with a browser anywhere', () => {
  test('shows an address and a code, and waits until the person has allowed it', async () => {
    const started = cli.start(['login', '--device', '--url', gateway.app.url]);
    await waitFor(() => deviceUrlIn(started.said()) !== undefined, started.said);
    const url = deviceUrlIn(started.said()) ?? '';
    expect(started.said()).toContain(`│   ${new URL(url).searchParams.get('user_code')}   │`);
    const page = await answerCommandLine(url, NADIA);
    expect(page.text).toMatch(/guichet on \S+ now acts as Nadia Benali\. You can close this page/);
    const { code, stdout } = await started.finished;
    expect(code).toBe(0);
    expect(stdout).toContain('Signed in as Nadia Benali');
  });

  test('ends with 4 when the person says no', async () => {
    const started = cli.start(['login', '--device', '--url', gateway.app.url]);
    await waitFor(() => deviceUrlIn(started.said()) !== undefined, started.said);
    await answerCommandLine(deviceUrlIn(started.said()) ?? '', { ...NADIA, decision: 'Deny' });
    expect(await started.finished).toMatchObject({ code: 4, stderr: expect.stringContaining('The sign-in was denied') });
  });

  test('gives up on Ctrl-C', async () => {
    const started = cli.start(['login', '--device', '--url', gateway.app.url]);
    await waitFor(() => started.said().includes('Waiting'), started.said);
    started.child.kill('SIGINT');
    expect(await started.finished).toMatchObject({ code: 130, stderr: expect.stringContaining('Not signed in.') });
  });

  test('does not wait for anybody where there is no terminal, unless it is asked to', async () => {
    const { code, stderr } = await cli.run(['login', '--url', gateway.app.url]);
    expect(code).toBe(2);
    expect(stderr).toContain('--device');
  });
});

describe('a sign-in that has to be renewed', () => {
  test('is renewed unseen, and the new tokens are kept before they are used', async () => {
    await login();
    const before = await kept();
    await rewrite({ accessTokenExpiresAt: LONG_AGO });
    const { code, stderr } = await cli.run(['whoami']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const after = await kept();
    expect(after.refreshToken).not.toBe(before.refreshToken);
    expect(after.accessToken).not.toBe(before.accessToken);
    expect((await stat(keptFile())).mode & 0o777).toBe(0o600);
  });

  test('is renewed when the gateway says that the token has expired, whatever the clock here says', async () => {
    const { session } = await login();
    const before = await kept();
    await query("update tokens set expires_at = now() - interval '1 second' where session_id = $1", [session?.id]);
    expect(await cli.run(['whoami'])).toMatchObject({ code: 0, stderr: '' });
    expect((await kept()).refreshToken).not.toBe(before.refreshToken);
  });

  test('is renewed once by ten processes at the same time, and all of them go on', async () => {
    const { session } = await login();
    await rewrite({ accessTokenExpiresAt: LONG_AGO });
    const before = await refreshTokensOf(session?.id ?? '');
    const ended = await Promise.all(Array.from({ length: 10 }, () => cli.run(['sessions', 'list', '-o', 'json'])));
    expect(ended.map(({ code, stderr }) => ({ code, stderr }))).toEqual(ended.map(() => ({ code: 0, stderr: '' })));
    expect(await refreshTokensOf(session?.id ?? '')).toBe(before + 1);
  });

  test('is renewed in spite of the lock of a process that has died', async () => {
    await login();
    await rewrite({ accessTokenExpiresAt: LONG_AGO });
    const dead = cli.start(['version']);
    await dead.finished;
    const { hostname } = await import('node:os');
    const lock = JSON.stringify({ pid: dead.child.pid, host: hostname(), at: Date.now(), by: 'somebody' });
    await writeFile(join(cli.folder, 'config.credentials/nadia.lock'), lock);
    expect(await cli.run(['whoami'])).toMatchObject({ code: 0 });
  });

  test('survives an answer that was lost on the way', async () => {
    await login();
    const { refreshToken } = await kept();
    const lost = await gateway.call(null, 'POST', '/v1/auth/token', { body: { grant: 'refresh_token', refreshToken } });
    expect(lost.status).toBe(200);
    await rewrite({ accessTokenExpiresAt: LONG_AGO });
    expect(await cli.run(['whoami'])).toMatchObject({ code: 0 });
  });

  test('is over for both when somebody else has used a copy of it, and says what to run', async () => {
    const { session } = await login();
    let refreshToken = (await kept()).refreshToken;
    for (let copies = 0; copies < 2; copies++) {
      const body = { grant: 'refresh_token', refreshToken };
      ({ refreshToken } = (await gateway.call<Kept>(null, 'POST', '/v1/auth/token', { body })).body);
    }
    await rewrite({ accessTokenExpiresAt: LONG_AGO });
    const { code, stderr } = await cli.run(['whoami']);
    expect(code).toBe(3);
    expect(stderr).toContain('was used before; the session was ended');
    expect(stderr).toContain('guichet login');
    const thief = await gateway.call(null, 'POST', '/v1/auth/token', { body: { grant: 'refresh_token', refreshToken } });
    expect(thief.status).toBe(401);
    expect(await query('select from sessions where id = $1 and revoked_at is not null', [session?.id])).toHaveLength(1);
  });
});

describe('the end of a sign-in', () => {
  test('ends the session at the gateway, and forgets it here', async () => {
    await login();
    const copy = await kept();
    const { code, stdout } = await cli.run(['logout']);
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('Signed out of') });
    expect(stdout).toContain(`${provider.issuer}/session/end`);
    await expect(kept()).rejects.toThrow('ENOENT');
    expect((await gateway.call({ token: copy.accessToken }, 'GET', '/v1/me')).status).toBe(401);
    const later = await cli.run(['whoami']);
    expect(later).toMatchObject({ code: 3, stderr: expect.stringContaining('guichet login --profile nadia') });
  });

  test('ends everywhere at once, other machines and browsers too', async () => {
    await login();
    const elsewhere = await commandLine();
    try {
      await elsewhere.json(['login', '--browser', '--url', gateway.app.url], withBrowser(NADIA));
      expect((await cli.json<{ sessions: number }>(['logout', '--everywhere'])).sessions).toBeGreaterThanOrEqual(4);
      expect(await elsewhere.run(['whoami'])).toMatchObject({ code: 3, stderr: expect.stringContaining('guichet login') });
    } finally {
      await elsewhere.close();
    }
  });

  test('ends one session of several, by its id', async () => {
    await login();
    const other = await commandLine();
    try {
      const { session } = await other.json<LoggedIn>(['login', '--browser', '--url', gateway.app.url], withBrowser(NADIA));
      const { items } = await cli.json<{ items: Session[] }>(['sessions', 'list']);
      expect(items.filter(({ current }) => current)).toHaveLength(1);
      expect(await cli.run(['sessions', 'revoke', session?.id ?? ''])).toMatchObject({ code: 0 });
      expect(await other.run(['whoami'])).toMatchObject({ code: 3 });
      expect(await cli.run(['whoami'])).toMatchObject({ code: 0 });
    } finally {
      await other.close();
    }
  });
});
