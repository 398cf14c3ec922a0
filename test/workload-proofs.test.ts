import { createHmac } from 'node:crypto';
import type { Exchanged, Problem } from '@guichet/contract';
import { exportSPKI, generateKeyPair } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Answer, startGateway, type TestGateway } from './support/gateway.ts';
import { Issuer, type JobClaims } from './support/issuer.ts';
import { AUDIENCE, gitlab, JOB } from './support/workloads.ts';

let platform: Issuer;
let cluster: Issuer;
let gateway: TestGateway;
beforeAll(async () => {
  platform = await Issuer.start();
  cluster = await Issuer.start();
  gateway = await startGateway({ config: { identity: { workloads: [gitlab(platform)] } } });
});
afterAll(async () => {
  await gateway.close();
  await platform[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

const job = (claims: JobClaims = {}, options: Parameters<Issuer['token']>[1] = {}): Promise<string> =>
  platform.token({ aud: AUDIENCE, ...JOB, ...claims }, options);
const exchange = (token: string): Promise<Answer<Exchanged & Problem>> =>
  gateway.call(null, 'POST', '/v1/auth/exchange', { body: { token } });
const codeOf = async (token: string): Promise<unknown> => (await exchange(token)).body.code;

describe('a token that proves nothing', () => {
  const now = (): number => Math.floor(Date.now() / 1000);

  test.each<[string, () => Promise<string>, string]>([
    ['has expired', () => job({ exp: now() - 60 }), 'has expired'],
    ['is not valid yet', () => job({ nbf: now() + 120 }), 'not valid yet'],
    ['was issued in the future', () => job({ iat: now() + 120 }), 'not valid yet'],
    ['was issued too long ago, whatever its end', () => job({ iat: now() - 7200, exp: now() + 7200 }), 'too long ago'],
    ['is for another audience', () => job({ aud: 'https://vault.example.com' }), 'another audience'],
    ['is for no audience', () => job({ aud: undefined }), "lacks the claim 'aud'"],
    ['has an audience that contains ours', () => job({ aud: `${AUDIENCE}.evil.example` }), 'another audience'],
    ['has no end', () => job({ exp: undefined }), "lacks the claim 'exp'"],
    ['has no time of issue', () => job({ iat: undefined }), "lacks the claim 'iat'"],
    ['has no subject', () => job({ sub: undefined }), "lacks the claim 'sub'"],
    ['has times that are texts', () => job({ exp: '9999999999' }), "claim 'exp'"],
    ['is of an issuer that nobody knows', () => job({ iss: 'https://evil.example' }), 'issuer that this gateway does not know'],
    ['is of an issuer with a slash more', () => job({ iss: `${platform.url}/` }), 'issuer that this gateway does not know'],
    ['is of one issuer and signed by another', () => cluster.token({ ...JOB, aud: AUDIENCE, iss: platform.url }), 'signature'],
  ])('is refused: it %s', async (_what, make, says) => {
    const { status, body } = await exchange(await make());
    expect([status, body.code], JSON.stringify(body)).toEqual([401, 'assertion.invalid']);
    expect(body.detail).toContain(says);
  });

  test('is refused without an algorithm', async () => {
    const [, payload] = (await job()).split('.');
    for (const alg of ['none', 'None', 'NONE', '']) {
      const header = Buffer.from(JSON.stringify({ alg, typ: 'JWT' })).toString('base64url');
      for (const signature of ['', 'AA']) {
        const code = await codeOf(`${header}.${payload}.${signature}`);
        expect(['input.invalid', 'assertion.invalid'], `${alg} ${signature}`).toContain(code);
      }
    }
  });

  test('is refused when the public key was taken for a secret', async () => {
    const [, payload] = (await job()).split('.');
    const pem = await exportSPKI(platform.publicKey('first'));
    const [jwk] = (await platform.jwks()).keys;
    for (const alg of ['HS256', 'HS384', 'HS512'])
      for (const secret of [pem, pem.trim(), JSON.stringify(jwk)]) {
        const header = Buffer.from(JSON.stringify({ alg, kid: 'first' })).toString('base64url');
        const hash = `sha${alg.slice(2)}`;
        const signature = createHmac(hash, secret).update(`${header}.${payload}`).digest('base64url');
        expect(await codeOf(`${header}.${payload}.${signature}`)).toBe('assertion.invalid');
      }
  });

  test('is refused when it brings its own keys, and nobody goes where it points', async () => {
    const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
    const evil = await Issuer.start();
    const jwk = await crypto.subtle.exportKey('jwk', publicKey);
    for (const header of [
      { jwk },
      { jku: `${evil.url}/keys` },
      { x5u: `${evil.url}/cert` },
      { x5c: ['AAAA'] },
      { kid: '../../etc/passwd' },
    ])
      expect(await codeOf(await job({}, { header, key: privateKey }))).toBe('assertion.invalid');
    expect(evil.asked).toEqual([]);
    await evil[Symbol.asyncDispose]();
  });

  test('is refused when it was changed', async () => {
    const [header = '', , signature = ''] = (await job()).split('.');
    const changed = Buffer.from(JSON.stringify({ ...JOB, aud: AUDIENCE, iss: platform.url })).toString('base64url');
    expect(await codeOf(`${header}.${changed}.${signature}`)).toBe('assertion.invalid');
  });

  test('is refused when its header asks for what nobody understands', async () => {
    expect(await codeOf(await job({}, { header: { crit: ['exp'], exp: 1 } }).catch(() => 'a.b.c'))).toBe('assertion.invalid');
  });

  test.each([
    ['no JWT', 'hello'],
    ['two parts', 'a.b'],
    ['five parts', 'a.b.c.d.e'],
    ['a huge one', `${'a'.repeat(20_000)}.b.c`],
    ['a line break', 'a.b.c\n'],
  ])('is refused as input: %s', async (_what, token) => {
    expect(await codeOf(token)).toBe('input.invalid');
  });

  test('is refused when its parts are no JSON', async () => {
    expect(await codeOf('e30.e30.e30')).toBe('assertion.invalid');
    expect(await codeOf('AAAA.AAAA.AAAA')).toBe('assertion.invalid');
  });
});

describe('an issuer that behaves badly', () => {
  let issuer: Issuer;
  beforeEach(async () => {
    issuer = await Issuer.start();
    return () => issuer[Symbol.asyncDispose]();
  });

  async function answer(instead: Issuer['instead'], config: object = {}): Promise<unknown> {
    issuer.instead = instead;
    const other = await startGateway({
      databaseUrl: gateway.databaseUrl,
      config: { identity: { workloads: [{ ...gitlab(issuer), ...config }] }, worker: { enabled: false } },
    });
    try {
      const token = await issuer.token({ ...JOB, aud: AUDIENCE });
      return (await other.call<Problem>(null, 'POST', '/v1/auth/exchange', { body: { token } })).body.code;
    } finally {
      await other.close();
    }
  }

  test('by redirecting is not followed', async () => {
    const code = await answer((_request, response) => {
      response.writeHead(302, { location: `${platform.url}/keys` }).end();
    });
    expect(code).toBe('assertion.unavailable');
    expect(issuer.asked).toEqual(['/.well-known/openid-configuration']);
  });

  test('by an answer without end is let go', async () => {
    const code = await answer((_request, response) => {
      response.writeHead(200);
      const more = setInterval(() => response.write('x'.repeat(64 * 1024)), 1);
      response.on('close', () => clearInterval(more));
    });
    expect(code).toBe('assertion.unavailable');
  });

  test.each([
    ['by being another one', '{"issuer":"https://evil.example","jwks_uri":"https://evil.example/keys"}'],
    ['by nonsense', '<html>'],
    ['by keys elsewhere without TLS', '{"issuer":"ISSUER","jwks_uri":"http://example.com/keys"}'],
    ['by no keys', '{"issuer":"ISSUER","jwks_uri":"file:///etc/passwd"}'],
  ])('%s is unavailable', async (_what, text) => {
    const code = await answer((_request, response) => void response.end(text.replace('ISSUER', issuer.url)));
    expect(code).toBe('assertion.unavailable');
  });
});

test('an address whose proofs are refused again and again is left waiting', async () => {
  const other = await startGateway({
    databaseUrl: gateway.databaseUrl,
    config: { identity: { workloads: [gitlab(platform)] }, worker: { enabled: false } },
  });
  const token = await job({ exp: 1 });
  const send = () => other.call<Problem>(null, 'POST', '/v1/auth/exchange', { body: { token } });
  const codes = new Map<unknown, number>();
  for (let round = 0; round < 125; round++) {
    const { body } = await send();
    codes.set(body.code, (codes.get(body.code) ?? 0) + 1);
  }
  expect([...codes]).toEqual([
    ['assertion.invalid', 120],
    ['rate.limited', 5],
  ]);
  expect((await send()).headers.get('retry-after')).toMatch(/^[0-9]+$/);
  await other.close();
});

test('a gateway without workloads says so', async () => {
  const other = await startGateway({ databaseUrl: gateway.databaseUrl, config: { worker: { enabled: false } } });
  const { status, body } = await other.call<Problem>(null, 'POST', '/v1/auth/exchange', { body: { token: await job() } });
  expect([status, body.code]).toEqual([501, 'assertion.not_configured']);
  await other.close();
});
