import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RouteServer, serveRoutes } from '@guichet/client/testing';
import { GuichetError } from '@guichet/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { baseHandlers, ME } from './support/catalogue.ts';
import { type Home, makeHome } from './support/run-cli.ts';

let server: RouteServer;
let home: Home;
beforeEach(async () => {
  server = await serveRoutes(baseHandlers());
  home = makeHome();
});
afterEach(async () => {
  home[Symbol.dispose]();
  await server.close();
});

const path = (): string => join(home.folder, 'config.json');
const config = () => JSON.parse(readFileSync(path(), 'utf8'));
const login = (...flags: string[]) => home.run(['login', '--with-token', '--url', server.url, ...flags], { stdin: 'secret\n' });

describe('login', () => {
  it('checks the token, names the profile after the caller and keeps it from others', async () => {
    expect(await login()).toMatchObject({
      exit: 0,
      stdout: expect.stringContaining("as Nadia Benali (user:nadia); profile 'nadia'"),
    });
    expect(config()).toEqual({
      current: 'nadia',
      profiles: { nadia: { gateway: server.url, token: 'secret', principal: 'user:nadia' } },
    });
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    expect(server.calls[0]?.headers.authorization).toBe('Bearer secret');
  });

  it('keeps nothing of a token that is refused', async () => {
    server.handlers['me.show'] = () => {
      throw new GuichetError('token.invalid', 'Not known.');
    };
    expect((await login()).exit).toBe(3);
    expect(() => config()).toThrow(/ENOENT/);
  });

  it.each(['', 'two words'])('refuses %j on stdin', async (stdin) => {
    expect((await home.run(['login', '--with-token', '--url', server.url], { stdin })).exit).toBe(2);
  });

  it('wants to know where', async () => {
    expect(await home.run(['login', '--with-token'], { stdin: 'secret' })).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining('--url'),
    });
  });
});

describe('profiles', () => {
  it('are listed, chosen, and signed out of', async () => {
    await login('--profile', 'work');
    await login('--profile', 'home');
    // One that was named is signed in beside the others: what is typed in other terminals keeps its meaning.
    expect((await home.run(['profiles'])).stdout).toMatch(/^\* {2}work .*\n {3}home /m);
    expect((await home.run(['use', 'home'])).exit).toBe(0);
    expect(config().current).toBe('home');
    expect((await home.run(['use', 'work'])).exit).toBe(0);
    expect(await home.run(['use', 'wrok'])).toMatchObject({ exit: 2, stderr: expect.stringContaining('Did you mean work?') });
    expect((await home.run(['logout'])).stdout).toContain("Forgot the token of 'work'");
    expect(await home.run(['whoami'])).toMatchObject({ exit: 3, stderr: expect.stringContaining('guichet login') });
    expect(await home.run(['logout'])).toMatchObject({ exit: 0, stdout: "The profile 'work' is not signed in.\n" });
  });

  it('are named in what to run next, whoever says it, when the command was about one that is not the current', async () => {
    await login('--profile', 'work');
    await login('--profile', 'home');
    server.handlers['me.show'] = () => {
      throw new GuichetError('token.revoked', 'You have been signed out.', { remedy: 'Sign in again: guichet login.' });
    };
    const remedy = async (...flags: string[]) => (await home.run(['whoami', ...flags])).stderr.split('\n')[1]?.trim();
    expect(await remedy('--profile', 'home')).toBe('→ Sign in again: guichet login --profile home.');
    expect(await remedy()).toBe('→ Sign in again: guichet login.');
  });

  it('give way to --profile, and that to nothing', async () => {
    await login('--profile', 'work');
    writeFileSync(path(), JSON.stringify({ current: 'gone', profiles: config().profiles }), { mode: 0o600 });
    expect((await home.run(['whoami', '--profile', 'work'])).exit).toBe(0);
    expect((await home.run(['whoami'], { env: { GUICHET_PROFILE: 'work' } })).exit).toBe(0);
    expect((await home.run(['whoami', '--profile', 'other'])).exit).toBe(2);
    expect((await home.run(['whoami'])).exit).toBe(78);
  });

  it('are not needed where the environment says where and who', async () => {
    const env = { GUICHET_URL: server.url, GUICHET_TOKEN: 'from-the-environment' };
    expect((await home.run(['whoami'], { env })).stdout).toContain(ME.principal.name);
    expect(server.calls.at(-1)?.headers.authorization).toBe('Bearer from-the-environment');
  });

  it('never send their token to another gateway', async () => {
    await login();
    await using other = await serveRoutes(baseHandlers());
    expect((await home.run(['whoami'], { env: { GUICHET_URL: other.url } })).exit).toBe(3);
    expect(other.calls).toEqual([]);
  });
});

describe('the configuration', () => {
  it('is refused while others can read it, with what to run', async () => {
    await login();
    chmodSync(path(), 0o644);
    expect(await home.run(['whoami'])).toMatchObject({ exit: 78, stderr: expect.stringContaining(`chmod 600 ${path()}`) });
  });

  it.each(['{', '[]', '{"profiles":{"a":{}}}', '{"profiles":7}'])('is refused when it is %s', async (text) => {
    writeFileSync(path(), text, { mode: 0o600 });
    expect(await home.run(['whoami'])).toMatchObject({
      exit: 78,
      stderr: expect.stringContaining('is not a valid configuration'),
    });
  });
});
