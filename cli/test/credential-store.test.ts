import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type RouteServer, serveRoutes } from '@guichet/client/testing';
import { GuichetError, type SessionTokens } from '@guichet/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { changeConfig } from '../src/config/config-file.ts';
import type { OpenKeychain } from '../src/sign-in/keychain.ts';
import { baseHandlers, ME, SESSION_TOKENS } from './support/catalogue.ts';
import { type Home, makeHome } from './support/run-cli.ts';

/** A keychain in memory, that fails as those of real systems do. */
class FakeKeychain {
  readonly secrets = new Map<string, string>();
  failure: 'locked' | 'forgetful' | undefined;

  readonly open: OpenKeychain = async (service, account) => {
    const key = `${service}/${account}`;
    const refuse = (): void => {
      if (this.failure === 'locked') throw new Error('The keychain is locked');
    };
    return {
      getPassword: async () => {
        refuse();
        return this.secrets.get(key) ?? null;
      },
      setPassword: async (password) => {
        refuse();
        if (this.failure === undefined) this.secrets.set(key, password);
      },
      deletePassword: async () => {
        refuse();
        return this.secrets.delete(key);
      },
    };
  };
}

let server: RouteServer;
let home: Home;
let keychain: FakeKeychain;
let refreshes: number;
beforeEach(async () => {
  refreshes = 0;
  server = await serveRoutes({
    ...baseHandlers(),
    'me.show': () => ({ ...ME, session: SESSION_TOKENS.session }),
    'sign_in.device': () => ({
      deviceCode: 'device-code',
      userCode: 'ABCD-EFGH',
      verificationUri: `${server.url}/device`,
      verificationUriComplete: `${server.url}/device?user_code=ABCD-EFGH`,
      expiresIn: 600,
      interval: 0,
    }),
    'sign_in.token': ({ body }) => {
      if (body.grant === 'refresh_token') refreshes += 1;
      return { ...SESSION_TOKENS, accessToken: `gct_u_${refreshes}`, refreshToken: `gct_r_${refreshes}` };
    },
    'sessions.end': () => ({ session: SESSION_TOKENS.session.id, endSessionUrl: null }),
  });
  keychain = new FakeKeychain();
  home = makeHome();
});
afterEach(async () => {
  home[Symbol.dispose]();
  await server.close();
});

const signIn = (env: Record<string, string> = {}) =>
  home.run(['login', '--device', '--url', server.url], { openKeychain: keychain.open, env });
const run = (...argv: string[]) => home.run(argv, { openKeychain: keychain.open });
const file = (): string => join(home.folder, 'config.credentials/nadia.json');
const profile = () => JSON.parse(readFileSync(join(home.folder, 'config.json'), 'utf8')).profiles.nadia;
const inKeychain = (): SessionTokens => JSON.parse([...keychain.secrets.values()][0] ?? '{}');

describe('with a keychain', () => {
  it('keeps the sign-in there and nowhere else, and says so', async () => {
    expect(await signIn()).toMatchObject({ exit: 0, stdout: expect.stringContaining('Kept in the keychain of this system') });
    expect(inKeychain()).toMatchObject({ accessToken: 'gct_u_0', refreshToken: 'gct_r_0', gateway: server.url });
    expect(existsSync(file())).toBe(false);
    expect(profile()).toEqual({ gateway: server.url, keeper: 'keychain', principal: 'user:nadia' });
    expect(await run('whoami')).toMatchObject({ exit: 0, stdout: expect.stringContaining('the keychain of this system') });
    expect(server.calls.at(-1)?.headers.authorization).toBe('Bearer gct_u_0');
    expect(JSON.parse((await run('whoami', '-o', 'json')).stdout)).toMatchObject({ keptIn: 'keychain', profile: 'nadia' });
  });

  it('renews it there', async () => {
    server.handlers['sign_in.token'] = ({ body }) => {
      refreshes += body.grant === 'refresh_token' ? 1 : 0;
      const accessTokenExpiresAt = new Date(Date.now() + (refreshes === 0 ? 1000 : 900_000)).toISOString();
      return { ...SESSION_TOKENS, accessToken: `gct_u_${refreshes}`, refreshToken: `gct_r_${refreshes}`, accessTokenExpiresAt };
    };
    await signIn();
    expect(await run('whoami')).toMatchObject({ exit: 0, stderr: '' });
    expect(inKeychain()).toMatchObject({ accessToken: 'gct_u_1', refreshToken: 'gct_r_1' });
    expect(server.calls.at(-1)?.headers.authorization).toBe('Bearer gct_u_1');
  });

  it('uses a file when GUICHET_CREDENTIALS says so', async () => {
    expect(await signIn({ GUICHET_CREDENTIALS: 'file' })).toMatchObject({ exit: 0, stdout: expect.stringContaining(file()) });
    expect(keychain.secrets.size).toBe(0);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(profile()).toMatchObject({ keeper: 'file' });
  });

  it.each(['locked', 'forgetful'] as const)('falls back to the file, aloud, when the keychain is %s', async (failure) => {
    keychain.failure = failure;
    const { exit, stdout, stderr } = await signIn();
    expect(exit).toBe(0);
    expect(stderr).toContain('The keychain of this system');
    expect(stderr).toContain(file());
    expect(stdout).toContain(file());
    expect(profile()).toMatchObject({ keeper: 'file' });
    expect(await run('whoami')).toMatchObject({ exit: 0 });
  });

  it('falls back aloud when it is locked in the middle of a renewal, with nothing lost', async () => {
    await signIn();
    const kept = JSON.parse([...keychain.secrets.values()][0] ?? '{}');
    const [key = ''] = keychain.secrets.keys();
    keychain.secrets.set(key, JSON.stringify({ ...kept, accessTokenExpiresAt: '2020-01-01T00:00:00.000Z' }));
    server.handlers['sign_in.token'] = () => {
      keychain.failure = 'locked';
      return { ...SESSION_TOKENS, accessToken: 'gct_u_new', refreshToken: 'gct_r_new' };
    };
    const { exit, stderr } = await run('whoami');
    expect({ exit, stderr }).toMatchObject({ exit: 0, stderr: expect.stringContaining(file()) });
    expect(JSON.parse(readFileSync(file(), 'utf8'))).toMatchObject({ refreshToken: 'gct_r_new' });
    expect(profile()).toMatchObject({ keeper: 'file' });
    expect(await run('whoami')).toMatchObject({ exit: 0, stderr: '' });
  });

  it('does not lose a sign-in to another profile that came while it was asked', async () => {
    const bothCame = Promise.withResolvers<void>();
    let came = 0;
    const openKeychain: OpenKeychain = async (service, account) => {
      const entry = await keychain.open(service, account);
      const setPassword = async (password: string): Promise<void> => {
        came += 1;
        if (came === 2) bothCame.resolve();
        await bothCame.promise;
        await entry.setPassword(password);
      };
      return { ...entry, setPassword };
    };
    const as = (name: string) => home.run(['login', '--device', '--url', server.url, '--profile', name], { openKeychain });
    expect(await Promise.all([as('work'), as('home')])).toMatchObject([{ exit: 0 }, { exit: 0 }]);
    const { profiles } = JSON.parse(readFileSync(join(home.folder, 'config.json'), 'utf8'));
    expect(profiles).toMatchObject({ work: { keeper: 'keychain' }, home: { keeper: 'keychain' } });
  });

  it('says what to do when it does not open', async () => {
    await signIn();
    keychain.failure = 'locked';
    expect(await run('whoami')).toMatchObject({
      exit: 78,
      stderr: expect.stringContaining('GUICHET_CREDENTIALS=file guichet login'),
    });
  });

  it('forgets it there at the end', async () => {
    await signIn();
    expect(await run('logout')).toMatchObject({ exit: 0 });
    expect(keychain.secrets.size).toBe(0);
    expect(await run('whoami')).toMatchObject({ exit: 3 });
  });
});

describe('a sign-in in a file', () => {
  beforeEach(() => signIn({ GUICHET_CREDENTIALS: 'file' }));

  it('is not sent to a gateway that somebody has written into its profile', async () => {
    await using other = await serveRoutes(baseHandlers());
    await changeConfig(join(home.folder, 'config.json'), () => ({
      current: 'nadia',
      profiles: { nadia: { gateway: other.url, keeper: 'file', principal: 'user:nadia' } },
    }));
    expect(await run('whoami')).toMatchObject({ exit: 3 });
    expect(other.calls).toEqual([]);
  });

  it('is forgotten here even when the gateway cannot be reached, which is said', async () => {
    await server.close();
    const { exit, stdout, stderr } = await run('logout');
    expect({ exit, stderr }).toMatchObject({ exit: 0, stderr: expect.stringContaining('could not be ended at the gateway') });
    expect(stdout).toContain('Whoever has a copy of it');
    expect(existsSync(file())).toBe(false);
  });

  it('stays when signing out everywhere has failed', async () => {
    server.handlers['sessions.revoke-all'] = () => {
      throw new GuichetError('database.unavailable', 'The database does not answer.');
    };
    expect((await run('logout', '--everywhere')).exit).toBe(8);
    expect(existsSync(file())).toBe(true);
  });

  it('is told apart from a damaged one', async () => {
    const { writeFileSync } = await import('node:fs');
    writeFileSync(file(), '{"accessToken":"gct_u_half"');
    const { exit, stderr } = await run('whoami');
    expect({ exit, stderr }).toMatchObject({ exit: 78, stderr: expect.stringContaining('is not a sign-in') });
    expect(stderr).not.toContain('gct_u_half');
  });
});
