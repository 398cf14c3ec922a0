import { readFile } from 'node:fs/promises';
import { GuichetError } from '@guichet/contract';
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { requestBounded } from '../assertions/bounded-request.ts';
import { isOwnMachine } from '../assertions/own-machine.ts';

/** Keys are asked for again after this time. */
const FRESH_MS = 10 * 60_000;
/** While the issuer does not answer, what it said is believed for so long. */
const BELIEVED_MS = 60 * 60_000;
/** Nor more often than this, whatever keys tokens name: a stranger can name a new one each time. */
const COOLDOWN_MS = 30_000;
/** An issuer that did not answer is left alone for so long. */
const AFTER_FAILURE_MS = 5000;

const TIMEOUT_MS = 5000;
const MAX_BYTES = 256 * 1024;

export interface IssuerKeysOptions {
  readonly issuer: string;
  readonly jwksUri?: string | undefined;
  /** Absolute path. */
  readonly jwksFile?: string | undefined;
  /** PEM. */
  readonly ca?: string | undefined;
  /** A clock that only moves forward, in milliseconds. */
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

interface Known {
  readonly keys: JWTVerifyGetKey;
  readonly at: number;
}

/**
 * The public keys of one issuer: asked of it by the address that the configuration or its discovery document gives, or
 * read from a file. Where a token itself says that its keys are (jku, x5u, jwk) is never looked at.
 */
export class IssuerKeys {
  readonly #options: IssuerKeysOptions;
  #known: Known | undefined;
  #triedAt = Number.NEGATIVE_INFINITY;
  #failure: unknown;
  #loading: Promise<Known> | undefined;

  constructor(options: IssuerKeysOptions) {
    this.#options = options;
  }

  /** For `jwtVerify`. Rejects with jose's errors, and with `assertion.unavailable` when there are no keys to look at. */
  readonly keyFor: JWTVerifyGetKey = async (header, token) => {
    const known = await this.#current();
    try {
      return await known.keys(header, token);
    } catch (error) {
      // The issuer may have rotated its keys.
      if (!(error instanceof errors.JWKSNoMatchingKey) || this.#sinceTry() < COOLDOWN_MS) throw error;
      const { keys } = await this.#load().catch(() => known);
      return keys(header, token);
    }
  };

  #sinceTry(): number {
    return this.#options.now() - this.#triedAt;
  }

  async #current(): Promise<Known> {
    const known = this.#known;
    const age = known === undefined ? Number.POSITIVE_INFINITY : this.#options.now() - known.at;
    if (known !== undefined && age < FRESH_MS) return known;
    if (this.#failure !== undefined && this.#sinceTry() < AFTER_FAILURE_MS) {
      if (known !== undefined && age < BELIEVED_MS) return known;
      throw this.#failure;
    }
    return this.#load().catch((error: unknown) => {
      if (known !== undefined && age < BELIEVED_MS) return known;
      throw error;
    });
  }

  /** Asks once, however many wait for it. */
  #load(): Promise<Known> {
    this.#loading ??= this.#ask().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #ask(): Promise<Known> {
    const { now, onError } = this.#options;
    this.#triedAt = now();
    try {
      const keys = createLocalJWKSet(await this.#read());
      this.#failure = undefined;
      this.#known = { keys, at: now() };
      return this.#known;
    } catch (cause) {
      onError(cause);
      this.#failure = new GuichetError('assertion.unavailable', `The keys of ${this.#options.issuer} cannot be had.`, {
        remedy: 'Try again. If it lasts: the log of the gateway says why.',
        cause,
      });
      throw this.#failure;
    }
  }

  async #read(): Promise<JSONWebKeySet> {
    const { jwksFile } = this.#options;
    const document = jwksFile === undefined ? await this.#get(await this.#address()) : asJson(await readFile(jwksFile, 'utf8'));
    return document as unknown as JSONWebKeySet; // createLocalJWKSet looks at what it is given
  }

  async #address(): Promise<URL> {
    const { issuer, jwksUri } = this.#options;
    if (jwksUri !== undefined) return new URL(jwksUri);
    const discovery = await this.#get(new URL(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`));
    if (discovery['issuer'] !== issuer) throw new Error(`the discovery document of ${issuer} is that of another issuer`);
    const address = discovery['jwks_uri'];
    if (typeof address !== 'string' || !URL.canParse(address)) throw new Error(`${issuer} does not say where its keys are`);
    const url = new URL(address);
    if (url.protocol === 'https:' || (url.protocol === 'http:' && isOwnMachine(url) && isOwnMachine(new URL(issuer)))) return url;
    throw new Error(`${issuer} says that its keys are at ${url.origin}, which is not https`);
  }

  async #get(url: URL): Promise<Record<string, unknown>> {
    const { ca } = this.#options;
    const headers = { host: url.host, accept: 'application/json', 'user-agent': 'guichet' };
    const { status, body } = await requestBounded({
      url,
      method: 'GET',
      headers,
      ca,
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_BYTES,
    });
    if (status !== 200) throw new Error(`${url.href} answers ${status}`); // a redirect too: it is not followed
    return asJson(body.toString('utf8'));
  }
}

function asJson(text: string): Record<string, unknown> {
  const document: unknown = JSON.parse(text);
  if (typeof document === 'object' && document !== null && !Array.isArray(document)) return { ...document };
  throw new Error('what came is no JSON object');
}
