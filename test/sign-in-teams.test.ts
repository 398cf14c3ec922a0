import type { Me, Person, Problem, Request, Team } from '@guichet/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Browser } from './support/browser.ts';
import { account, asks, type SignInWorld, sessionCookie, signInWorld } from './support/sign-in.ts';

let world: SignInWorld;
beforeAll(async () => {
  world = await signInWorld({
    oidc: {
      scopes: ['openid', 'profile', 'email', 'groups'],
      groups: { teams: { 'Finance & Payments': 'payments', boss: 'sre' } },
      admit: 'everyone',
    },
    accounts: [
      account('nadia'),
      account('marta'),
      account('ann', { email: 'Ann.Lee@example.com', groups: ['boss', 'payments', '__proto__'] }),
      account('other-ann', { email: 'ann.lee@elsewhere.example' }),
      account('false-nadia', { email: 'nadia@elsewhere.example' }),
      account('odd', { email: '42!@example.com' }),
    ],
  });
});
afterAll(() => world.close());

function regroup(name: string, groups: readonly string[]): void {
  const at = world.accounts.findIndex((one) => one.name === name);
  world.accounts[at] = { ...(world.accounts[at] ?? account(name)), groups };
}

describe('groups of the provider', () => {
  const teams = async (browser: Browser): Promise<readonly string[]> =>
    (await world.api<Me>(browser, 'GET', '/v1/me')).body.principal.teams;

  test('are the teams that they are mapped to, beside those of the company file', async () => {
    regroup('marta', ['Finance & Payments', 'not mapped', 'sre']);
    expect(await teams(await world.signedIn('marta'))).toEqual(['checkout', 'payments']);
  });

  test('give an approval, and take it again with the next sign-in', async () => {
    const destroy = async (): Promise<string> =>
      (await world.gateway.submit('nadia', { action: 'lab.destroy', reason: 'to see who may' })).body.id;
    const approve = (browser: Browser, id: string) =>
      world.api<Request & Problem>(browser, 'POST', `/v1/requests/${id}/approve`, { body: {} });
    regroup('marta', []);
    const outside = await world.signedIn('marta');
    const first = await destroy();
    expect(await approve(outside, first)).toMatchObject({ status: 403, body: { code: 'approval.not_approver' } });
    regroup('marta', ['Finance & Payments']);
    const inside = await world.signedIn('marta');
    expect((await approve(inside, first)).status).toBe(200);
    await world.gateway.until(first, 'succeeded');
    // What was claimed counts for every session of hers, and only as long as it is claimed.
    regroup('marta', []);
    await world.signedIn('marta');
    expect(await approve(inside, await destroy())).toMatchObject({ status: 403, body: { code: 'approval.not_approver' } });
  });

  test('count no longer than the longest session lasts', async () => {
    regroup('marta', ['Finance & Payments']);
    const browser = await world.signedIn('marta');
    expect(await teams(browser)).toContain('payments');
    await world.query("update directory_claims set valid_until = now() where principal_id = 'user:marta'");
    expect(await teams(browser)).toEqual(['checkout']);
  });
});

describe('where everyone is admitted', () => {
  test('somebody who is not in the company file is called after their address', async () => {
    const browser = await world.signedIn('ann');
    expect((await world.api<Me>(browser, 'GET', '/v1/me')).body.principal).toMatchObject({
      id: 'user:ann-lee',
      name: 'ann of the provider',
      person: 'user:ann-lee',
      email: 'Ann.Lee@example.com',
      teams: ['sre'],
      manager: null,
    });
    const { body } = await world.api<Person>(browser, 'GET', '/v1/people/ann-lee');
    expect(body).toMatchObject({ fullName: 'ann of the provider', teams: ['sre'], listed: false });
    expect((await world.api<Team>(browser, 'GET', '/v1/teams/sre')).body.members).toContain('ann-lee');
  });

  test.each([
    ['other-ann', '409 ', 'has signed in with another account of the identity provider before'],
    ['false-nadia', '403 ', "The company has another person called 'nadia'"],
    ['odd', '403 ', 'cannot be made a name'],
  ])('%s is nobody else', async (name, status, words) => {
    await world.signedIn('ann');
    const browser = new Browser();
    await browser.open(world.url('/v1/auth/login?returnTo=/healthz'));
    const page = await browser.signIn(asks(name));
    expect(`${page.status} ${page.text}`).toMatch(new RegExp(`^${status}`));
    expect(page.text).toContain(words);
    expect(sessionCookie(browser)).toBe('');
  });

  test('who is known by the provider alone is gone when it has not said so for the length of a session', async () => {
    const browser = await world.signedIn('ann');
    await world.query("update directory_claims set valid_until = now() where principal_id = 'user:ann-lee'");
    expect(await world.api(browser, 'GET', '/v1/me')).toMatchObject({ status: 401, body: { code: 'token.invalid' } });
  });
});

test('an address that nobody has verified is nobody’s, also where the name says who it is', async () => {
  const other = await signInWorld({
    oidc: { person: { claim: 'preferred_username' }, admit: 'everyone' },
    accounts: [
      account('eve', { email: 'nadia@example.com', emailVerified: false }),
      account('lena', { email: 'lena@example.com' }),
    ],
  });
  try {
    for (const [name, email] of [
      ['eve', undefined],
      ['lena', 'lena@example.com'],
    ] as const) {
      const browser = await other.signedIn(name);
      const { principal } = (await other.api<Me>(browser, 'GET', '/v1/me')).body;
      expect([principal.id, principal.email]).toEqual([`user:${name}`, email]);
    }
    // Callers of AWS, and who stands behind a job, are looked for here.
    const claims = await other.query('select principal_id as id, email from directory_claims order by 1');
    expect(claims).toEqual([
      { id: 'user:eve', email: null },
      { id: 'user:lena', email: 'lena@example.com' },
    ]);
  } finally {
    await other.close();
  }
});
