import { type IdentityProvider, startIdentityProvider } from '@guichet/demo';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, type TestContext, test } from 'vitest';
import { type Chromium, startChromium } from './support/chromium.ts';
import { type CommandLine, commandLine, type Started, waitFor } from './support/command-line.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { deviceUrlIn } from './support/person.ts';

/**
 * Sign-in with a real browser: what only a browser decides (policies for scripts, styles and forms, cookies of several
 * sites, what is focused and how it is called) is tried here, and nothing else.
 */
let chromium: Chromium;
let provider: IdentityProvider;
let gateway: TestGateway;
let cli: CommandLine;
let context: BrowserContext;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  chromium = await startChromium();
  if ('missing' in chromium) return void process.stderr.write(`Chromium does not start here: ${chromium.missing}\n`);
  const people = [
    { name: 'nadia', fullName: 'Nadia Benali', email: 'nadia@example.com', groups: [], password: 'open' },
    { name: 'amine', fullName: 'Amine Diallo', email: 'amine@example.com', groups: [], password: 'open' },
  ];
  const client = { clientId: 'guichet', clientSecret: 'shared', redirectUris: ['http://127.0.0.1/v1/auth/callback'] };
  provider = await startIdentityProvider({ clients: [client], people });
  gateway = await startGateway({
    config: { identity: { oidc: { issuer: provider.issuer, clientId: 'guichet', clientSecretFromEnv: 'TEST_CLIENT_SECRET' } } },
    env: { TEST_CLIENT_SECRET: 'shared' },
  });
}, 120_000);
afterAll(async () => {
  if ('missing' in chromium) return;
  await chromium.close();
  await gateway.close();
  await provider.close();
});

beforeEach(async (test: TestContext) => {
  if ('missing' in chromium) return test.skip(`Chromium does not start here: ${chromium.missing}`);
  cli = await commandLine();
  context = await chromium.browser.newContext();
  page = await context.newPage();
  complaints = [];
  // What a policy forbids is told on the console.
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
});
afterEach(async () => {
  if ('missing' in chromium) return;
  await context.close();
  await cli.close();
});

async function signIn(username: string, password = 'open'): Promise<void> {
  await page.getByLabel('User name').fill(username);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

async function loginByDevice(): Promise<Started> {
  const started = cli.start(['login', '--device', '--url', gateway.app.url]);
  await waitFor(() => deviceUrlIn(started.said()) !== undefined, started.said);
  return started;
}

/** Not the complaint that the address bar has no icon, which is the browser's own question. */
const seriousComplaints = (): string[] => complaints.filter((text) => !/favicon|status of 40[14]/.test(text));

test('signs a command line in by a code that the person types, after a password that was wrong at first', async () => {
  const started = await loginByDevice();
  const code = new URL(deviceUrlIn(started.said()) ?? '').searchParams.get('user_code') ?? '';
  await page.goto(`${gateway.app.url}/device`);
  await signIn('nadia', 'wrong');
  await expect.poll(() => page.getByRole('alert').textContent()).toContain('do not belong together');
  expect(await page.getByLabel('Password').evaluate((field) => field === field.ownerDocument.activeElement)).toBe(true);
  await signIn('nadia');
  await page.getByLabel('The code that your terminal shows').fill(code.toLowerCase().replace('-', ''));
  await page.getByRole('button', { name: 'Continue' }).click();
  expect(await page.locator('main').textContent()).toContain(code);
  expect(await page.locator('main').textContent()).toContain('Nadia Benali');
  await page.getByRole('button', { name: 'Allow' }).click();
  await page.getByRole('heading', { name: 'Signed in' }).waitFor();
  expect(await started.finished).toMatchObject({ code: 0, stdout: expect.stringContaining('Signed in as Nadia Benali') });
  expect(seriousComplaints()).toEqual([]);
});

test('takes the browser back to the command line that opened it, over all three addresses', async () => {
  // A browser that says where it was sent and opens nothing: Chromium does that here.
  const started = cli.start(['login', '--browser', '--url', gateway.app.url], { BROWSER: 'true' });
  await waitFor(() => /authorize\?\S+/.test(started.said()), started.said);
  await page.goto(/http\S+authorize\?\S+/.exec(started.said())?.[0] ?? '');
  await signIn('amine');
  await page.getByRole('button', { name: 'Allow' }).click();
  await page.getByRole('heading', { name: 'Signed in' }).waitFor();
  expect(await page.locator('main').textContent()).toContain('You are Amine Diallo.');
  expect(await started.finished).toMatchObject({ code: 0, stdout: expect.stringContaining('Signed in as Amine Diallo') });
  expect(seriousComplaints()).toEqual([]);
});

test('lets somebody else sign in with a browser that knows a person already', async () => {
  const started = await loginByDevice();
  await page.goto(deviceUrlIn(started.said()) ?? '');
  await signIn('nadia');
  await page.getByText('act as Nadia Benali').waitFor();
  await page.getByRole('link', { name: 'Sign in as somebody else' }).click();
  await signIn('amine');
  await page.getByText('act as Amine Diallo').waitFor();
  await page.getByRole('button', { name: 'Allow' }).click();
  expect(await started.finished).toMatchObject({ code: 0, stdout: expect.stringContaining('Signed in as Amine Diallo') });
  expect(seriousComplaints()).toEqual([]);
});

test('gives a session cookie that no script can read, and no page of ours lets a script run', async () => {
  await page.goto(`${gateway.app.url}/device`);
  await signIn('nadia');
  await page.getByRole('heading', { name: 'Sign in a command line' }).waitFor();
  const session = (await context.cookies()).find(({ name }) => name.includes('guichet_session'));
  expect(session).toMatchObject({ httpOnly: true, sameSite: expect.stringMatching(/Lax|Strict/) });
  expect(await page.evaluate('document.cookie')).not.toContain('guichet_session');
  await page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"document.title = 1\">')");
  await expect.poll(() => complaints.join()).toContain('Content Security Policy');
  expect(await page.title()).not.toBe('1');
});

test('signs out, and of the identity provider too, and then asks for the password again', async () => {
  await page.goto(`${gateway.app.url}/device`);
  await signIn('nadia');
  await page.getByRole('heading', { name: 'Sign in a command line' }).waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Signed out' }).waitFor();
  await page.getByRole('link', { name: 'sign out there too' }).click();
  await page.getByRole('button', { name: 'Stay signed in' }).click();
  await page.getByRole('heading', { name: 'Still signed in' }).waitFor();
  await page.goto(`${provider.issuer}/session/end`);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Signed out' }).waitFor();
  await page.goto(`${gateway.app.url}/device`);
  await page.getByLabel('Password').waitFor();
  // Nobody is signed in there any more: the page that says so goes on by its one script.
  await page.goto(`${provider.issuer}/session/end`);
  await page.getByRole('heading', { name: 'Signed out' }).waitFor();
});
