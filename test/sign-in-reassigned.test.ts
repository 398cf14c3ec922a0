import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DeviceStarted, Me, Problem, SessionTokens, TokenCreated } from '@guichet/contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Browser } from './support/browser.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { account, asks, type SignInWorld, signInWorld } from './support/sign-in.ts';

/** Others may use the machine, and files are looked at every two seconds. */
const PATIENCE = { timeout: 30_000, interval: 200 };

interface Listed {
  readonly name: string;
  readonly email?: string;
  readonly fullName?: string;
}
const company = (people: readonly Listed[], machineTeam = 'checkout'): string =>
  JSON.stringify({
    people: people.map(({ name, email = `${name}@example.com`, fullName = `${name} of the files` }) => ({
      name,
      fullName,
      email,
    })),
    teams: [
      { name: 'payments', members: people.map(({ name }) => name).filter((name) => name === 'ann-lee') },
      { name: 'checkout', members: ['nadia'] },
    ],
    machines: [{ name: 'ci-checkout', team: machineTeam }],
  });
const BEFORE = company([{ name: 'nadia' }, { name: 'marta' }, { name: 'paula' }, { name: 'sven' }]);
const AFTER = company([
  { name: 'nadia' },
  // Somebody whom the identity provider alone knew is listed, and somebody else is listed under a name that was taken.
  { name: 'ben-ode', email: 'Ben.Ode@gmail.example' },
  { name: 'ann-lee', email: 'ann.lee@corp.example' },
  // Another Marta, and the same people with a new address and a new name.
  { name: 'marta', email: 'marta.diaz@example.com', fullName: 'Marta Diaz' },
  { name: 'paula', email: 'paula@corp.example' },
  { name: 'sven', fullName: 'Sven Lindqvist' },
]);

let folder: string;
let world: SignInWorld;
let other: TestGateway | undefined;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guichet-reassigned-'));
  await writeFile(join(folder, 'company.yaml'), BEFORE);
  await writeFile(join(folder, 'after.yaml'), AFTER);
  world = await signInWorld({
    oidc: { admit: 'everyone' },
    config: { company: join(folder, 'company.yaml') },
    accounts: [
      ...['nadia', 'marta', 'paula', 'sven'].map((name) => account(name)),
      account('ann', { email: 'ann.lee@gmail.example' }),
      account('real-ann', { email: 'ann.lee@corp.example' }),
      account('ben', { email: 'ben.ode@gmail.example' }),
    ],
  });
});
afterAll(async () => {
  await other?.close();
  await world.close();
  await rm(folder, { recursive: true, force: true });
});

const me = async (browser: Browser) => {
  const { status, body } = await world.api<Me & Problem>(browser, 'GET', '/v1/me');
  return status === 200 ? body.principal.id : body.code;
};
const ask = async (path: string, body: object) => {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(world.url(path), { method: 'POST', headers, body: JSON.stringify(body) });
  return (await response.json()) as SessionTokens & DeviceStarted & Problem; // one of them; tests say which
};

async function commandLine(browser: Browser): Promise<SessionTokens> {
  const { deviceCode, userCode } = await ask('/v1/auth/device', { client: 'guichet' });
  await browser.open(world.url(`/device?user_code=${userCode}`));
  await browser.submit({ button: 'Allow' });
  return ask('/v1/auth/token', { grant: 'device_code', deviceCode });
}

async function personalToken(browser: Browser): Promise<string> {
  const { body } = await world.api<TokenCreated>(browser, 'POST', '/v1/tokens', { body: { name: 'mine', expiresInDays: 366 } });
  return body.secret;
}
const withToken = async (token: string) => {
  const { status, body } = await world.gateway.call<Me & Problem>({ token }, 'GET', '/v1/me');
  return status === 200 ? body.principal.id : body.code;
};
const refusal = async (name: string): Promise<string> => {
  const browser = new Browser();
  await browser.open(world.url('/v1/auth/login?returnTo=/healthz'));
  const page = await browser.signIn(asks(name));
  return page.url.pathname === '/healthz' ? 'signed in' : page.text;
};

test('whoever is given a name in the company files has nothing of what was given to the one before', async () => {
  const [ann, ben, marta, paula, sven] = [
    await world.signedIn('ann'),
    await world.signedIn('ben'),
    await world.signedIn('marta'),
    await world.signedIn('paula'),
    await world.signedIn('sven'),
  ];
  expect(await me(ann)).toBe('user:ann-lee');
  const annsLaptop = await commandLine(ann);
  const [martas, paulas, svens] = [await personalToken(marta), await personalToken(paula), await personalToken(sven)];
  const machines = await world.gateway.token('machine:ci-checkout');

  // Another gateway reads the new files first; this one has the old ones still.
  const oidc = { issuer: world.provider.issuer, clientId: 'guichet', admit: 'everyone' };
  const config = { company: join(folder, 'after.yaml'), identity: { oidc } };
  other = await startGateway({ databaseUrl: world.gateway.databaseUrl, config });
  expect(await me(ann)).toBe('token.revoked');
  expect(await refusal('ann')).toContain('say something new of ann-lee');
  expect(await refusal('marta')).toContain('say something new of marta');

  await writeFile(join(folder, 'company.yaml'), AFTER);
  const listed = async (): Promise<boolean> => world.gateway.app.directory.company.member('user:ann-lee') !== undefined;
  await expect.poll(listed, PATIENCE).toBe(true);

  expect(await me(ann)).toBe('token.revoked');
  expect(await withToken(annsLaptop.accessToken)).toBe('token.revoked');
  expect((await ask('/v1/auth/token', { grant: 'refresh_token', refreshToken: annsLaptop.refreshToken })).code).toBe(
    'token.revoked',
  );
  expect(await refusal('ann')).toContain("another person called 'ann-lee'");
  const real = await world.signedIn('real-ann');
  expect(await me(real)).toBe('user:ann-lee');

  // The address that Ben came with is the one that he is listed with.
  expect(await me(ben)).toBe('user:ben-ode');
  // Neither the name nor the address of this Marta is that of the one before.
  expect([await me(marta), await withToken(martas)]).toEqual(['token.revoked', 'token.revoked']);
  // One of the two is enough for a token; with an address that is new the account has to come once more.
  expect([await me(paula), await withToken(paulas)]).toEqual(['token.revoked', 'user:paula']);
  expect([await me(sven), await withToken(svens)]).toEqual(['user:sven', 'user:sven']);
  expect(await withToken(machines)).toBe('machine:ci-checkout');

  const reassigned = (await world.audit()).filter(({ type }) => type === 'identity.reassigned').map(({ data }) => data);
  expect(reassigned).toEqual([
    {
      principal: 'user:ann-lee',
      before: { name: 'ann of the provider', email: 'ann.lee@gmail.example' },
      now: { name: 'ann-lee of the files', email: 'ann.lee@corp.example' },
      sessions: 2,
      tokens: 0,
      unbound: true,
      made: [],
    },
    expect.objectContaining({ principal: 'user:marta', sessions: 1, tokens: 1, unbound: true }),
  ]);
}, 60_000);
