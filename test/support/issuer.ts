import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

type Key = Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];
/** A claim that is undefined is left out. */
export type JobClaims = { readonly [claim: string]: unknown };
type Algorithm = 'RS256' | 'ES256' | 'EdDSA';

/** A platform that vouches for jobs: a discovery document and keys over HTTP, and tokens signed with them. */
export class Issuer implements AsyncDisposable {
  readonly #keys = new Map<string, { key: Key; publicKey: Key; alg: Algorithm }>();
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  /** What each call asked for. */
  readonly asked: string[] = [];
  /** Answers instead of this one, for when it should behave badly. */
  instead: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
  url = '';

  static async start(): Promise<Issuer> {
    const issuer = new Issuer();
    await new Promise<void>((resolve) => issuer.#server.listen(0, '127.0.0.1', resolve));
    issuer.url = `http://127.0.0.1:${(issuer.#server.address() as AddressInfo).port}`; // it listens on TCP
    await issuer.addKey('first');
    return issuer;
  }

  async addKey(kid: string, alg: Algorithm = 'RS256'): Promise<void> {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
    this.#keys.set(kid, { key: privateKey, publicKey, alg });
  }

  /** It is published no longer. */
  removeKey(kid: string): void {
    this.#keys.delete(kid);
  }

  publicKey(kid: string): Key {
    const found = this.#keys.get(kid);
    if (found === undefined) throw new Error(`there is no key ${kid}`);
    return found.publicKey;
  }

  /** What it publishes. */
  async jwks(): Promise<{ keys: object[] }> {
    const keys = [...this.#keys].map(async ([kid, { publicKey, alg }]) => ({
      ...(await exportJWK(publicKey)),
      kid,
      alg,
      use: 'sig',
    }));
    return { keys: await Promise.all(keys) };
  }

  /** A token as the platform gives it to a job. */
  async token(
    claims: JobClaims,
    { kid = 'first', header = {}, key }: { kid?: string; header?: Record<string, unknown>; key?: Key } = {},
  ): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const all = { iss: this.url, iat: now, nbf: now, exp: now + 300, jti: crypto.randomUUID(), ...claims };
    const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
    const own = this.#keys.get(kid);
    const signing = key ?? own?.key;
    if (signing === undefined) throw new Error(`there is no key ${kid}`);
    return new SignJWT(given).setProtectedHeader({ alg: own?.alg ?? 'RS256', kid, ...header }).sign(signing);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.asked.push(request.url ?? '');
    if (this.instead !== undefined) return this.instead(request, response);
    const documents: Readonly<Record<string, object>> = {
      '/.well-known/openid-configuration': { issuer: this.url, jwks_uri: `${this.url}/keys` },
      '/keys': await this.jwks(),
    };
    const document = documents[request.url ?? ''];
    response.writeHead(document === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(document ?? {}));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
