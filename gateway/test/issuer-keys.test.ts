import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { IssuerKeys } from '../src/identity/workloads/issuer-keys.ts';

type Pair = Awaited<ReturnType<typeof generateKeyPair>>;

const MINUTE = 60_000;
let server: Server;
let url: string;
let published: Map<string, Pair>;
let asked: number;
let isAway: boolean;
let clock: number;
let errors: unknown[];

beforeEach(async () => {
  published = new Map([['first', await generateKeyPair('ES256')]]);
  [asked, isAway, clock, errors] = [0, false, 1_000_000, []];
  server = createServer(async (_request, response) => {
    asked++;
    if (isAway) return void response.writeHead(503).end();
    response.end(JSON.stringify(await jwks()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // it listens on TCP
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

async function jwks(): Promise<object> {
  const keys = [...published].map(async ([kid, { publicKey }]) => ({
    ...(await exportJWK(publicKey)),
    kid,
    alg: 'ES256',
    use: 'sig',
  }));
  return { keys: await Promise.all(keys) };
}

const start = (more: { jwksFile?: string } = {}): IssuerKeys =>
  new IssuerKeys({
    issuer: url,
    ...(more.jwksFile === undefined && { jwksUri: `${url}/keys` }),
    ...more,
    now: () => clock,
    onError: (error) => errors.push(error),
  });

async function accepts(keys: IssuerKeys, kid: string, { privateKey }: Pair): Promise<string> {
  const token = await new SignJWT({}).setProtectedHeader({ alg: 'ES256', kid }).sign(privateKey);
  return jwtVerify(token, keys.keyFor).then(
    () => 'yes',
    (error: { code: string }) => error.code,
  );
}

const pairOf = (kid: string): Pair => {
  const pair = published.get(kid);
  if (pair === undefined) throw new Error(`there is no key ${kid}`);
  return pair;
};

describe('the keys of an issuer', () => {
  test('are asked for once, however many tokens come, at once and one after the other', async () => {
    const keys = start();
    await Promise.all(Array.from({ length: 20 }, () => accepts(keys, 'first', pairOf('first'))));
    expect(await accepts(keys, 'first', pairOf('first'))).toBe('yes');
    expect(asked).toBe(1);
  });

  test('are asked for again when a token names one that is new, and at the latest after ten minutes', async () => {
    const keys = start();
    expect(await accepts(keys, 'first', pairOf('first'))).toBe('yes');
    published.set('second', await generateKeyPair('ES256'));
    clock += MINUTE;
    expect(await accepts(keys, 'second', pairOf('second'))).toBe('yes');
    const gone = pairOf('first');
    published.delete('first');
    clock += 11 * MINUTE;
    expect(await accepts(keys, 'first', gone)).toBe('ERR_JWKS_NO_MATCHING_KEY');
  });

  test('are not asked for again and again by tokens that name keys which nobody has', async () => {
    const keys = start();
    const stranger = await generateKeyPair('ES256');
    for (let round = 0; round < 200; round++) {
      clock += 500; // a hundred seconds in all
      expect(await accepts(keys, `made-up-${round}`, stranger)).toBe('ERR_JWKS_NO_MATCHING_KEY');
    }
    expect(asked).toBeLessThanOrEqual(5);
    expect(await accepts(keys, 'first', pairOf('first'))).toBe('yes');
  });

  test('are believed for an hour while the issuer is away, which is left alone meanwhile', async () => {
    const keys = start();
    expect(await accepts(keys, 'first', pairOf('first'))).toBe('yes');
    isAway = true;
    clock += 59 * MINUTE;
    for (let round = 0; round < 50; round++) expect(await accepts(keys, 'first', pairOf('first'))).toBe('yes');
    expect(asked).toBe(2);
    expect(errors).toHaveLength(1);
    clock += 2 * MINUTE;
    expect(await accepts(keys, 'first', pairOf('first'))).toBe('assertion.unavailable');
    isAway = false;
    clock += 10_000;
    expect(await accepts(keys, 'first', pairOf('first'))).toBe('yes');
  });

  test('are not asked for by a flood while the issuer has never answered', async () => {
    const keys = start();
    isAway = true;
    for (let round = 0; round < 50; round++) expect(await accepts(keys, 'first', pairOf('first'))).toBe('assertion.unavailable');
    expect(asked).toBe(1);
    isAway = false;
    clock += 6000;
    expect(await accepts(keys, 'first', pairOf('first'))).toBe('yes');
  });

  test('come from a file where one is named, and from the file that stands there later', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'guichet-keys-'));
    const jwksFile = join(folder, 'keys.json');
    writeFileSync(jwksFile, JSON.stringify(await jwks()));
    const keys = start({ jwksFile });
    expect(await accepts(keys, 'first', pairOf('first'))).toBe('yes');
    published.set('second', await generateKeyPair('ES256'));
    writeFileSync(jwksFile, JSON.stringify(await jwks()));
    clock += MINUTE;
    expect(await accepts(keys, 'second', pairOf('second'))).toBe('yes');
    expect(asked).toBe(0);
    rmSync(folder, { recursive: true });
  });

  test('that are secrets or private are none', async () => {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true });
    const folder = mkdtempSync(join(tmpdir(), 'guichet-keys-'));
    const jwksFile = join(folder, 'keys.json');
    const secret = { kty: 'oct', k: Buffer.alloc(32).toString('base64url'), kid: 'secret', alg: 'HS256' };
    writeFileSync(
      jwksFile,
      JSON.stringify({ keys: [secret, { ...(await exportJWK(privateKey)), kid: 'private', alg: 'ES256' }] }),
    );
    const keys = start({ jwksFile });
    expect(await accepts(keys, 'private', { privateKey, publicKey: privateKey })).not.toBe('yes');
    const token = await new SignJWT({}).setProtectedHeader({ alg: 'HS256', kid: 'secret' }).sign(new Uint8Array(32));
    await expect(jwtVerify(token, keys.keyFor)).rejects.toMatchObject({ code: 'ERR_JOSE_NOT_SUPPORTED' });
    rmSync(folder, { recursive: true });
  });
});
