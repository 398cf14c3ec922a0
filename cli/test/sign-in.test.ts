import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RouteServer, serveRoutes } from '@guichet/client/testing';
import { GuichetError } from '@guichet/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withLock } from '../src/config/lock.ts';
import { browserCommands, hasBrowser } from '../src/sign-in/browser.ts';
import { listenForBrowser } from '../src/sign-in/loopback-server.ts';
import { baseHandlers, ME, SESSION_TOKENS } from './support/catalogue.ts';
import { type Home, makeHome } from './support/run-cli.ts';

const interrupt = new AbortController().signal;

describe('a browser', () => {
  const shell = (env: Record<string, string>, interactive = true) => ({ interactive, context: { env } }) as never; // what is looked at
  it('is at hand on a desktop, and with $BROWSER anywhere', () => {
    expect(hasBrowser(shell({ BROWSER: 'firefox', SSH_TTY: '/dev/pts/1' }))).toBe(true);
    expect(hasBrowser(shell({ BROWSER: 'firefox' }, false))).toBe(false);
    expect(hasBrowser(shell({ DISPLAY: ':0', SSH_CONNECTION: '1' }))).toBe(false);
    if (process.platform !== 'linux') return;
    expect(hasBrowser(shell({ DISPLAY: ':0' }))).toBe(true);
    expect(hasBrowser(shell({ WAYLAND_DISPLAY: 'wayland-0' }))).toBe(true);
    expect(hasBrowser(shell({}))).toBe(false);
  });

  it('is started without a shell, as $BROWSER or the system says', () => {
    const url = 'http://127.0.0.1:4400/?a=1&b=$(id)';
    expect(browserCommands({ BROWSER: 'firefox --new-window %s:w3m' }, url)).toEqual([
      { command: 'firefox', args: ['--new-window', url] },
      { command: 'w3m', args: [url] },
    ]);
    expect(browserCommands({}, url, 'darwin')).toEqual([{ command: 'open', args: [url] }]);
    expect(browserCommands({}, url, 'linux')).toEqual([{ command: 'xdg-open', args: [url] }]);
    expect(browserCommands({}, url, 'win32')).toEqual([{ command: 'rundll32', args: ['url.dll,FileProtocolHandler', url] }]);
  });
});

describe('the port that a browser comes back to', () => {
  const status = (url: string, headers: Record<string, string> = {}): Promise<number> =>
    new Promise((resolve, reject) => {
      get(url, { headers, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      }).on('error', reject);
    });

  it('takes the one answer that carries the state, at its own address, and nothing else', async () => {
    const listener = await listenForBrowser('the-state');
    const { redirectUri } = listener;
    expect(redirectUri).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/callback$/);
    expect(await status(`${redirectUri}?state=another&code=stolen`)).toBe(404);
    expect(await status(`${redirectUri}?code=stolen`)).toBe(404);
    expect(await status(`${redirectUri}?state=the-state`)).toBe(404);
    expect(await status(`${redirectUri.replace('/callback', '/')}?state=the-state&code=stolen`)).toBe(404);
    expect(await status(`${redirectUri}?state=the-state&code=stolen`, { host: 'evil.example.com' })).toBe(404);
    const last = status(`${redirectUri}?state=the-state&code=mine`);
    expect(await listener.brought).toEqual({ code: 'mine' });
    expect(await status(`${redirectUri}?state=the-state&code=late`)).toBe(404);
    await listener.finish({ title: 'Signed in', text: 'Close this page.' });
    expect(await last).toBe(200);
    await expect(status(redirectUri)).rejects.toThrow('ECONNREFUSED');
  });
});

describe('the lock of a renewal', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'guichet-lock-'));
    path = join(folder, 'nadia.lock');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('lets one in at a time', async () => {
    let inside = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setTimeout(resolve, 5));
      inside -= 1;
    };
    await Promise.all(Array.from({ length: 12 }, () => withLock(path, work, { signal: interrupt })));
    expect(most).toBe(1);
    expect(existsSync(path)).toBe(false);
  });

  it('is taken from a process that has died, by one of those who wait', async () => {
    writeFileSync(path, JSON.stringify({ pid: 2 ** 22 + 1, host: (await import('node:os')).hostname(), at: 0, by: 'x' }));
    let inside = 0;
    const work = async (): Promise<void> => {
      inside += 1;
      expect(inside).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 5));
      inside -= 1;
    };
    await Promise.all(Array.from({ length: 12 }, () => withLock(path, work, { signal: interrupt })));
  });

  it('is left to a process of another machine until it is old', async () => {
    writeFileSync(path, JSON.stringify({ pid: 1, host: 'elsewhere', at: 0, by: 'x' }));
    const soon = AbortSignal.timeout(150);
    await expect(withLock(path, async () => {}, { signal: soon })).rejects.toThrow();
    expect(await withLock(path, async () => 'mine', { signal: interrupt, staleMs: 100 })).toBe('mine');
  });

  it('is given back when the work fails, and Ctrl-C ends the wait for it', async () => {
    const failing = withLock(path, () => Promise.reject(new Error('no')), { signal: interrupt });
    await expect(failing).rejects.toThrow('no');
    expect(existsSync(path)).toBe(false);
  });
});

describe('the device flow', () => {
  let server: RouteServer;
  let home: Home;
  let answers: (() => typeof SESSION_TOKENS)[];
  beforeEach(async () => {
    answers = [];
    server = await serveRoutes({
      ...baseHandlers(),
      'me.show': () => ME,
      'sign_in.device': () => ({
        deviceCode: 'device-code',
        userCode: 'ABCD-EFGH',
        verificationUri: 'https://guichet.example.com/device',
        verificationUriComplete: 'https://guichet.example.com/device?user_code=ABCD-EFGH',
        expiresIn: 600,
        interval: 0,
      }),
      'sign_in.token': () => (answers.shift() ?? (() => SESSION_TOKENS))(),
    });
    home = makeHome();
  });
  afterEach(async () => {
    home[Symbol.dispose]();
    await server.close();
  });
  const problem = (code: 'sign_in.pending' | 'sign_in.expired' | 'sign_in.denied' | 'database.unavailable') => () => {
    throw new GuichetError(code, 'As the gateway says.');
  };
  const login = (options = {}) => home.run(['login', '--device', '--url', server.url], options);

  it('asks until the person has answered, also over a gateway that is away for a moment', async () => {
    answers = [problem('sign_in.pending'), problem('database.unavailable'), problem('sign_in.pending')];
    const { exit, stderr } = await login();
    expect({ exit, stderr }).toMatchObject({ exit: 0, stderr: expect.stringContaining('│   ABCD-EFGH   │') });
    expect(stderr).toContain('https://guichet.example.com/device?user_code=ABCD-EFGH');
    expect(server.calls.filter(({ route }) => route === 'sign_in.token')).toHaveLength(4);
  });

  it.each([
    ['sign_in.denied', 4, 'The sign-in was denied in the browser.'],
    ['sign_in.expired', 3, 'Nobody allowed it in time'],
  ] as const)('says what happened after %s', async (code, exit, says) => {
    answers = [problem(code)];
    expect(await login()).toMatchObject({ exit, stderr: expect.stringContaining(says) });
  });

  it('counts down on a terminal, and clears the line at the end', async () => {
    const { exit, stderr } = await login({ keys: [] });
    expect(exit).toBe(0);
    expect(stderr).toContain('Waiting … 10:00 left; Ctrl-C gives up');
    expect(stderr.slice(stderr.lastIndexOf('\r'))).toBe('\r\u001b[K');
  });

  it('shows nothing of the gateway that could move the cursor', async () => {
    server.handlers['sign_in.device'] = () => ({
      deviceCode: 'd',
      userCode: 'AB\u001b[2J',
      verificationUri: 'https://guichet.example.com/device',
      verificationUriComplete: 'https://guichet.example.com/device',
      expiresIn: 600,
      interval: 0,
    });
    expect((await login()).stderr).not.toContain('\u001b[2J');
  });
});
