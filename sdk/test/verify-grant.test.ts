import { createHmac, createPrivateKey, randomBytes, sign } from 'node:crypto';
import type { GrantClaims } from '@guichet/contract';
import { describe, expect, test } from 'vitest';
import { generateGrantKey, signGrant } from '../src/grants.ts';
import { staticKeys } from '../src/index.ts';
import { verifyGrant } from '../src/verify-grant.ts';

const [key, other, stranger] = await Promise.all([
  generateGrantKey('key-1'),
  generateGrantKey('key-2'),
  generateGrantKey('key-1'),
]);
const keys = staticKeys([key, other]);
const now = Date.now();
const claims: GrantClaims = {
  jti: 'jti-1',
  iss: 'https://guichet.test',
  aud: 'orders',
  iat: new Date(now).toISOString(),
  exp: new Date(now + 60_000).toISOString(),
  phase: 'run',
  action: 'refund',
  version: '7',
  environment: 'production',
  caller: { id: 'user:nadia', name: 'Nadia', teams: ['orders'] },
  approvers: [],
  request: 'REQ-7',
  run: 'run-1',
  body: `sha256:${'0'.repeat(64)}`,
};
const token = await signGrant(key, claims);
const verify = (text: string | undefined) => verifyGrant(text === undefined ? undefined : `Bearer ${text}`, keys);
const b64 = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString('base64url');
const footerOf = (kid: string): string => b64(JSON.stringify({ kid }));

/** The very key that signs grants, for other kinds of tokens: an attacker could not have more. */
const privateKey = createPrivateKey({
  format: 'jwk',
  key: {
    kty: 'OKP',
    crv: 'Ed25519',
    d: b64(Buffer.from(key.secret.slice('k4.secret.'.length), 'base64url').subarray(0, 32)),
    x: key.paserk.slice('k4.public.'.length),
  },
});

/** Pre-authentication encoding of PASETO. */
function pae(...pieces: Buffer[]): Buffer {
  const length = (n: number): Buffer => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt(n));
    return bytes;
  };
  return Buffer.concat([length(pieces.length), ...pieces.flatMap((piece) => [length(piece.length), piece])]);
}

/** A PASETO of any version, with any claims and implicit assertion, signed with the key that signs grants. */
function paseto(
  header: string,
  { says = claims, implicit }: { says?: Readonly<Record<string, unknown>>; implicit?: string } = {},
): string {
  const footer = Buffer.from(JSON.stringify({ kid: 'key-1' }));
  const message = Buffer.from(JSON.stringify(says));
  const parts = [Buffer.from(header), message, footer, ...(implicit === undefined ? [] : [Buffer.from(implicit)])];
  const signature = sign(null, pae(...parts), privateKey);
  return `${header}${b64(Buffer.concat([message, signature]))}.${b64(footer)}`;
}

function jwt(header: Record<string, unknown>, signing: (text: string) => Uint8Array): string {
  const head = `${b64(JSON.stringify({ kid: 'key-1', ...header }))}.${b64(JSON.stringify({ ...claims, exp: now / 1000 + 60 }))}`;
  return `${head}.${b64(signing(head))}`;
}

test('takes a grant that is signed as the specification says, made by hand', async () => {
  expect(await verify(paseto('v4.public.', { implicit: '' }))).toEqual(claims);
  expect(await verify(token)).toEqual(claims);
});

describe('a token of another kind is refused, though the key that signs grants has signed it', () => {
  const publicKey = Buffer.from(key.paserk.slice('k4.public.'.length), 'base64url');
  test.each([
    ['PASETO v3.public', paseto('v3.public.')],
    ['PASETO v2.public', paseto('v2.public.')],
    ['PASETO v1.public', paseto('v1.public.')],
    ['PASETO v4.local', `v4.local.${b64(randomBytes(200))}.${footerOf('key-1')}`],
    ['PASETO v5.public', paseto('v5.public.', { implicit: '' })],
    ['a header in capitals', paseto('V4.PUBLIC.', { implicit: '' })],
    ['a JWT of EdDSA', jwt({ alg: 'EdDSA' }, (text) => sign(null, Buffer.from(text), privateKey))],
    ['a JWT of no algorithm', jwt({ alg: 'none' }, () => new Uint8Array())],
    ['a JWT of HMAC with the public key', jwt({ alg: 'HS256' }, (text) => createHmac('sha256', publicKey).update(text).digest())],
    [
      'a JWT behind the header of a grant',
      `v4.public.${jwt({ alg: 'EdDSA' }, (text) => sign(null, Buffer.from(text), privateKey))}`,
    ],
    ['a v2 signature under the header of v4', paseto('v2.public.').replace('v2.public.', 'v4.public.')],
    ['one with an implicit assertion', paseto('v4.public.', { implicit: 'something' })],
  ])('%s', async (_kind, text) => {
    await expect(verify(text)).rejects.toMatchObject({ code: 'grant.invalid' });
  });
});

describe('a forged one is refused', () => {
  const [v, purpose, payload = '', footer = ''] = token.split('.');
  const bytes = Buffer.from(payload, 'base64url');
  const flipped = (at: number): string => {
    const copy = Buffer.from(bytes);
    copy[at] = (copy[at] ?? 0) ^ 1;
    return `${v}.${purpose}.${b64(copy)}.${footer}`;
  };

  test('any bit of the claims or of the signature, at its ends and in between', async () => {
    for (let at = 0; at < bytes.length; at += 7)
      await expect(verify(flipped(at)), `byte ${at}`).rejects.toMatchObject({ code: 'grant.invalid' });
    await expect(verify(flipped(bytes.length - 1))).rejects.toMatchObject({ code: 'grant.invalid' });
  });

  test.each([
    ['the footer names another key that is published', `${v}.${purpose}.${payload}.${footerOf('key-2')}`],
    ['the footer names a key that nobody has', `${v}.${purpose}.${payload}.${footerOf('key-9')}`],
    ['the footer is the same in other bytes', `${v}.${purpose}.${payload}.${b64('{ "kid": "key-1" }')}`],
    ['the footer is missing', `${v}.${purpose}.${payload}`],
    ['the footer is empty', `${v}.${purpose}.${payload}.`],
    ['the footer is no JSON', `${v}.${purpose}.${payload}.${b64('key-1')}`],
    ['the footer is no UTF-8', `${v}.${purpose}.${payload}.${b64(Buffer.from([0x7b, 0xff, 0x7d]))}`],
    ['the footer names a list of keys', `${v}.${purpose}.${payload}.${b64('{"kid":["key-1"]}')}`],
    ['the footer names no key', `${v}.${purpose}.${payload}.${b64('{"kid":""}')}`],
    ['the footer names something of objects', `${v}.${purpose}.${payload}.${footerOf('__proto__')}`],
    ['one part too many', `${token}.${footer}`],
    ['the signature is cut off', `${v}.${purpose}.${b64(bytes.subarray(0, -64))}.${footer}`],
    ['nothing but a signature', `${v}.${purpose}.${b64(bytes.subarray(-64))}.${footer}`],
    ['base64 with padding', `${v}.${purpose}.${payload}==.${footer}`],
    ['letters that are not base64url', `${v}.${purpose}.${payload}!.${footer}`],
    ['nothing behind the header', 'v4.public.'],
  ])('%s', async (_what, text) => {
    await expect(verify(text)).rejects.toMatchObject({ code: 'grant.invalid' });
  });

  test('signed by a stranger under the id of a published key', async () => {
    await expect(verify(await signGrant(stranger, claims))).rejects.toMatchObject({
      code: 'grant.invalid',
      message: 'The signature of the grant is not valid.',
    });
  });
});

describe('a genuine one is refused', () => {
  const signed = (more: Record<string, unknown>): string => paseto('v4.public.', { says: { ...claims, ...more }, implicit: '' });
  test.each([
    ['when it has expired', { iat: new Date(now - 120_000).toISOString(), exp: new Date(now - 60_000).toISOString() }],
    ['when it comes from the future', { iat: new Date(now + 60_000).toISOString(), exp: new Date(now + 120_000).toISOString() }],
    ['without an end', { exp: undefined }],
    ['with an end that is no time', { exp: 'never' }],
    ['with times as numbers', { iat: now, exp: now + 60_000 }],
    ['without an audience', { aud: undefined }],
    ['with several audiences', { aud: ['orders', 'bank'] }],
    ['with another phase', { phase: 'everything' }],
    ['without a caller', { caller: undefined }],
    ['without the digest of a body', { body: undefined }],
  ])('%s', async (_when, more) => {
    await expect(verify(signed(more))).rejects.toMatchObject({ code: 'grant.invalid' });
  });
});

test.each([
  ['no header', undefined],
  ['an empty one', ''],
  ['another scheme', `Basic ${token}`],
  ['two tokens', `Bearer ${token} ${token}`],
  ['a token without its scheme', token],
])('%s is no grant', async (_what, header) => {
  await expect(verifyGrant(header, keys)).rejects.toMatchObject({ code: 'grant.invalid' });
});
