import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseCompany } from '../src/catalog/index.ts';
import { parseConfig } from '../src/config.ts';
import { html } from '../src/http/html.ts';
import { type AdmissionRules, admissionOf } from '../src/identity/admission.ts';
import { localPath, loopbackUri } from '../src/identity/index.ts';
import { asUserCode, newUserCode } from '../src/identity/secrets.ts';

describe('who somebody is', () => {
  const company = parseCompany(
    `people:
  - { name: nadia, fullName: Nadia Benali, email: Nadia@Example.com }
  - { name: kim, fullName: Kim Lee, email: kim@example.com }
  - { name: kim-admin, fullName: Kim Lee, email: KIM@example.com, sameAs: kim }
teams: [{ name: checkout, members: [nadia] }]
machines: [{ name: ci, team: checkout }]`,
    'company.yaml',
  );
  const rules = (more: Partial<AdmissionRules> = {}): AdmissionRules => ({
    person: { claim: 'email', trustUnverifiedEmail: false },
    groups: undefined,
    admit: 'listed',
    ...more,
  });
  const of = (claims: Record<string, unknown>, more?: Partial<AdmissionRules>) =>
    admissionOf({ issuer: 'https://login.example.com', subject: '1', claims }, rules(more), company);
  const verified = (email: string) => ({ email, email_verified: true });

  test('is found by the address, whatever its case, and only by that very address', () => {
    expect(of(verified('nadia@example.COM')).principalId).toBe('user:nadia');
    for (const other of ['nadia@example.com.evil.example', 'nadia @example.com', 'nadia@example.co', 'nadia'])
      expect(() => of(verified(other)), other).toThrow('Nobody in the company');
  });

  test('is not found by a letter that only becomes the right one in lower case', () => {
    expect(() => of(verified('\u212Aim@example.com'))).toThrow('Nobody in the company');
  });

  test('is nobody where several people have the address', () => {
    expect(() => of(verified('kim@example.com'))).toThrow('Several people');
  });

  test('takes the word of a provider that verifies nothing only where that is said', () => {
    expect(() => of({ email: 'nadia@example.com' })).toThrow('has not verified');
    expect(() => of({ email: 'nadia@example.com', email_verified: false })).toThrow('has not verified');
    const person = { claim: 'email', trustUnverifiedEmail: true };
    expect(of({ email: 'nadia@example.com' }, { person }).principalId).toBe('user:nadia');
  });

  test('is found by another claim as the name, never as a machine or a path', () => {
    const person = { claim: 'account.name', trustUnverifiedEmail: false };
    expect(of({ account: { name: 'kim-admin' } }, { person }).principalId).toBe('user:kim-admin');
    for (const name of ['KIM', 'machine:ci', 'ci', '__proto__', 'constructor'])
      expect(() => of({ account: { name } }, { person }), name).toThrow('Nobody in the company');
    expect(() => of({ account: 'kim' }, { person })).toThrow("does not say the claim 'account.name'");
    expect(() => of({}, { person: { claim: 'toString', trustUnverifiedEmail: false } })).toThrow('does not say');
  });

  test('is never found by a claim with something in it that nobody sees, as if it were not there', () => {
    const person = { claim: 'preferred_username', trustUnverifiedEmail: false };
    for (const [claim, value] of [
      ['preferred_username', 'nadia\u200B'],
      ['preferred_username', '\u202Enadia'],
      ['preferred_username', 'na\u00ADdia'],
      ['preferred_username', 'nadia\u0000'],
      ['preferred_username', ' nadia'],
      ['preferred_username', 'nadia\n'],
      ['email', 'nadia@example.com\u200B'],
    ] as const)
      for (const admit of ['listed', 'everyone'] as const) {
        const found = () => of({ [claim]: value, email_verified: true }, { person: { ...person, claim }, admit });
        expect(found, JSON.stringify(value)).toThrow('is not one line of at most 200 visible characters');
      }
  });

  test('has an address only where the provider has verified it, whatever says who it is', () => {
    const person = { claim: 'preferred_username', trustUnverifiedEmail: false };
    const email = (claims: object, trustUnverifiedEmail = false) =>
      of({ preferred_username: 'kim', ...claims }, { person: { ...person, trustUnverifiedEmail } }).email;
    expect(email(verified('boss@example.com'))).toBe('boss@example.com');
    expect(email({ email: 'boss@example.com', email_verified: 'true' })).toBe('boss@example.com');
    expect(email({ email: 'boss@example.com' })).toBeNull();
    expect(email({ email: 'boss@example.com', email_verified: false })).toBeNull();
    expect(email({ email: 'boss@example.com', email_verified: 'false' })).toBeNull();
    expect(email({ email: 'boss@example.com' }, true)).toBe('boss@example.com');
    expect(email(verified('boss@example.com\u200B'))).toBeNull();
  });

  test('is shown in one line, without what a terminal or a page could take for more', () => {
    expect(of({ ...verified('nadia@example.com'), name: ' Nadia\u0000\n\u202EBenali\u001b[2J ' }).name).toBe('Nadia Benali [2J');
    expect(of({ ...verified('nadia@example.com'), name: 'x'.repeat(500) }).name).toHaveLength(200);
    expect(of({ ...verified('nadia@example.com'), name: 7 }).name).toBe('nadia');
  });

  test('has the teams of mapped groups, each once, and no others', () => {
    const groups = { claim: 'groups', teams: { a: 'checkout', b: 'checkout', c: 'payments' } };
    const teams = (claim: unknown) => of({ ...verified('nadia@example.com'), groups: claim }, { groups }).teams;
    expect(teams(['a', 'b', 'c', 'checkout', 'constructor', '__proto__', 3, null])).toEqual(['checkout', 'payments']);
    expect(teams('c')).toEqual(['payments']);
    for (const none of [undefined, null, {}, 3, [['a']]]) expect(teams(none)).toEqual([]);
  });
});

describe('a text in a page', () => {
  test('is escaped, in text and in attributes; what html has made is not escaped again', () => {
    const evil = `"'><script>&amp;`;
    const inner = html`<b title="${evil}">${evil}</b>`;
    const once = '&quot;&#39;&gt;&lt;script&gt;&amp;amp;';
    expect(inner.text).toBe(`<b title="${once}">${once}</b>`);
    expect(html`<p>${inner}${[inner, inner]}</p>`.text).toBe(`<p>${inner.text.repeat(3)}</p>`);
  });
});

test('a user code has no vowel, and is known again however it is typed', () => {
  for (let count = 0; count < 200; count++) {
    const code = newUserCode();
    expect(code).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
    expect(asUserCode(` ${code.toLowerCase().replace('-', '')} `)).toBe(code);
  }
  for (const other of ['', 'BCDF', 'BCDF-GHJKL', 'AAAA-AAAA', 'BCDF-GHJ1']) expect(asUserCode(other), other).toBeUndefined();
});

test('a local path comes out as a browser reads it', () => {
  expect(localPath('/a/../b c?d=e f#g')).toBe('/b%20c?d=e%20f#g');
  expect(localPath('/https://evil.example')).toBe('/https://evil.example');
  for (const other of ['//a', '/\\a', '/\na', '/.//a', 'a', '', 'http://a/', '/a\u0000'])
    expect(() => localPath(other), other).toThrow('must be a path on this gateway');
});

test('a loopback address is written as an address', () => {
  expect(loopbackUri('http://127.0.0.1:4000/x')?.port).toBe('4000');
  expect(loopbackUri('http://[::1]:4000/')?.port).toBe('4000');
  for (const other of [
    'http://localhost:4000/',
    'http://127.0.0.1/',
    'http://127.0.0.2:4000/',
    'http://[::ffff:127.0.0.1]:4000/',
  ])
    expect(loopbackUri(other), other).toBeUndefined();
});

describe('a configuration', () => {
  const parse =
    (identity: unknown, more: Record<string, unknown> = {}) =>
    () =>
      parseConfig(
        { company: 'company.yaml', sealing: { keyFromEnv: 'K' }, identity, ...more },
        {
          path: '/etc/guichet.yaml',
          env: { K: Buffer.alloc(32, 1).toString('base64') },
        },
      );
  const oidc = { issuer: 'https://login.example.com', clientId: 'guichet' };

  test('by which people sign in over plain http from elsewhere is refused', () => {
    expect(parse({ oidc })).not.toThrow();
    expect(parse({ oidc }, { publicUrl: 'https://guichet.example.com/' })).not.toThrow();
    expect(parse({ oidc }, { publicUrl: 'http://guichet.example.com' })).toThrow('/publicUrl must be the https address');
    expect(parse({ oidc }, { listen: { host: '0.0.0.0' } })).toThrow('/publicUrl must be the https address');
    expect(parse({ oidc }, { publicUrl: 'https://example.com/guichet' })).toThrow('/publicUrl must be a host alone');
    expect(parse({ oidc: { ...oidc, issuer: 'http://login.example.com' } })).toThrow('/identity/oidc/issuer must be https');
    expect(parse({}, { publicUrl: 'http://guichet.example.com' })).not.toThrow();
  });

  test('whose secret is not in the environment, or stands in the file, is refused', () => {
    expect(parse({ oidc: { ...oidc, clientSecretFromEnv: 'MISSING' } })).toThrow('names the environment variable MISSING');
    expect(parse({ oidc: { ...oidc, clientSecret: 'open' } })).toThrow('/identity/oidc/clientSecret is not known');
  });

  test('whose sessions would be over before they are idle is refused', () => {
    expect(parse({ session: { idle: '8d' } })).toThrow('/identity/session/absolute must be the longest');
  });
});

describe('docs/spec/sign-in.md', () => {
  const page = readFileSync(new URL('../../docs/spec/sign-in.md', import.meta.url), 'utf8');

  test('numbers its promises without a gap', () => {
    const numbers = [...page.matchAll(/\*\*SGN-(\d+)\*\*/g)].map(([, number]) => Number(number));
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  });

  test('names tests that exist', () => {
    const names = [...page.matchAll(/\[((?:sign-in-[a-z-]+,?\s*)+)\]/g)].flatMap(([, list = '']) => list.split(/,\s*/));
    expect(names.length).toBeGreaterThan(20);
    for (const name of new Set(names))
      expect(existsSync(new URL(`../../test/${name}.test.ts`, import.meta.url)), name).toBe(true);
  });
});
