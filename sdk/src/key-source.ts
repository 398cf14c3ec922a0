import { setTimeout as sleep } from 'node:timers/promises';
import { GuichetError, ProviderKeys } from '@guichet/contract';
import { PublicProtocol } from 'paseto';
import { ImportPublicKeyFactory, type PublicKey } from 'paseto/v4/public';

const protocol = new PublicProtocol(ImportPublicKeyFactory);

/** Where the public keys of the gateway come from. */
export interface KeySource {
  /**
   * The key of this id, or undefined when there is none. Rejects with `action.unavailable` when it cannot be known now.
   */
  find(kid: string): Promise<PublicKey | undefined>;
}

/** An Ed25519 public key: `paserk` is `k4.public.` and the 32 bytes in base64url. */
export interface PublishedKey {
  readonly kid: string;
  readonly paserk: string;
}

/** Keys written down where the provider is configured. Throws `config.invalid` for one that is not a key. */
export function staticKeys(keys: readonly PublishedKey[]): KeySource {
  for (const { kid, paserk } of keys) {
    if (!isPaserk(paserk)) {
      throw new GuichetError('config.invalid', `The key '${kid}' is not a PASERK of an Ed25519 public key.`, {
        remedy: 'It must be k4.public. and 43 characters of base64url, as GET /v1/keys of the gateway gives it.',
      });
    }
  }
  let imported: Promise<Map<string, PublicKey>> | undefined;
  return {
    async find(kid) {
      imported ??= importKeys(keys);
      return (await imported).get(kid);
    },
  };
}

export interface GatewayKeysOptions {
  /** Unknown key ids cause at most one fetch in so many seconds, and wait for it; 1 when absent. */
  readonly minimumIntervalSeconds?: number;
  /** Keys are fetched again after so many seconds, so that a withdrawn key stops being trusted; 600 when absent. */
  readonly maxAgeSeconds?: number;
  /** A gateway that was away is asked for news of known keys again after so many seconds; 15 when absent. */
  readonly retrySeconds?: number;
  readonly timeoutSeconds?: number;
}

/**
 * Keys as the gateway publishes them at `GET /v1/keys`: fetched when first needed, kept, fetched again for an unknown id
 * or when they are old. An unknown id is looked for twice, an interval apart: the replica that was asked may not have heard
 * yet of a key that another one signs with. While the gateway cannot be reached the last good ones stay.
 */
export function gatewayKeys(gatewayUrl: string, options: GatewayKeysOptions = {}): KeySource {
  const { minimumIntervalSeconds = 1, maxAgeSeconds = 600, retrySeconds = 15, timeoutSeconds = 5 } = options;
  const url = new URL('v1/keys', gatewayUrl.endsWith('/') ? gatewayUrl : `${gatewayUrl}/`);
  let keys = new Map<string, PublicKey>();
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let triedAt = Number.NEGATIVE_INFINITY;
  let failure: Error | undefined;
  let inFlight: Promise<void> | undefined;

  const ask = (): Promise<Response> => fetch(url, { signal: AbortSignal.timeout(timeoutSeconds * 1000), redirect: 'error' });

  async function refresh(): Promise<void> {
    triedAt = performance.now();
    try {
      const answer = await ask().catch((error: unknown) => {
        // The connection of long ago, which fetch takes first, may be dead; silence is silence.
        if (error instanceof DOMException && error.name === 'TimeoutError') throw error;
        return ask();
      });
      if (!answer.ok) throw new Error(`it answered ${answer.status}`);
      keys = await importKeys(ProviderKeys.parse(await answer.json()).keys);
      fetchedAt = performance.now();
      failure = undefined;
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
    }
  }

  function refreshOnce(): Promise<void> {
    inFlight ??= refresh().finally(() => {
      inFlight = undefined;
    });
    return inFlight;
  }

  /** Looks for an unknown id in a fetch that begins from now on, as soon as the interval allows one. */
  async function look(kid: string): Promise<void> {
    const since = performance.now();
    while (triedAt < since && !keys.has(kid)) {
      const waitMs = triedAt + minimumIntervalSeconds * 1000 - performance.now();
      if (inFlight !== undefined) await inFlight;
      else if (waitMs > 0) await sleep(waitMs);
      else await refreshOnce();
    }
    await inFlight;
  }

  /** Old keys are better than none, and a call must not wait each time for a gateway that does not answer. */
  function isStale(): boolean {
    const now = performance.now();
    const isAway = failure !== undefined && now - triedAt < retrySeconds * 1000;
    return now - fetchedAt > maxAgeSeconds * 1000 && !isAway;
  }

  return {
    async find(kid) {
      if (isStale()) await refreshOnce();
      if (!keys.has(kid)) await look(kid);
      if (!keys.has(kid) && failure === undefined) await look(kid);
      const key = keys.get(kid);
      if (key === undefined && failure !== undefined) {
        throw new GuichetError('action.unavailable', `The provider could not fetch the keys of the gateway from ${url}.`, {
          remedy: 'Check the address of the gateway in the configuration of the provider, and that the provider can reach it.',
          cause: failure,
        });
      }
      return key;
    },
  };
}

async function importKeys(published: readonly PublishedKey[]): Promise<Map<string, PublicKey>> {
  const keys = new Map<string, PublicKey>();
  for (const { kid, paserk } of published) {
    // A key of a kind that this version does not know must not cost the others.
    if (isPaserk(paserk)) keys.set(kid, await protocol.ImportPublicKey(paserk));
  }
  return keys;
}

function isPaserk(text: string): text is `k4.public.${string}` {
  return /^k4\.public\.[A-Za-z0-9_-]{43}$/.test(text);
}
