import type { Actor } from '@guichet/contract';
import { GuichetError } from '@guichet/contract';
import { digestOf } from '@guichet/contract/digest';
import { PublicProtocol } from 'paseto';
import {
  ExportPublicKeyFactory,
  ExportSecretKeyFactory,
  GenerateKeyPairFactory,
  ImportSecretKeyFactory,
  type SecretKey,
} from 'paseto/v4/public';
import type { Bus, Database } from '../db/index.ts';
import type { Sealer } from '../sealing/index.ts';
import { forgetRetiredKeys, type GrantKeyRow, type NewGrantKey, publishedKeys, rotateKey } from './grant-key-store.ts';

const v4 = new PublicProtocol(GenerateKeyPairFactory, ImportSecretKeyFactory, ExportSecretKeyFactory, ExportPublicKeyFactory);

/** Replicas hear of a new key at once; this is for a message that was lost. */
const POLL_MS = 30_000;
/**
 * How long a key that signs no more stays published: the life of its last grants (60 s and 5 s of tolerance), signed by a
 * replica that heard of the new key as late as can be.
 */
const LINGER_MS = 5 * 60_000;

export interface PublicGrantKey {
  readonly kid: string;
  readonly paserk: string;
}

export interface GrantSigner {
  readonly secretKey: SecretKey;
  /** `{"kid":"..."}` */
  readonly footer: Uint8Array;
}

export interface GrantKeysOptions {
  readonly db: Database;
  readonly sealer: Sealer;
  /** How long a key signs before another one takes its place by itself, in ms. */
  readonly rotateAfterMs: number;
  /** How long a new key is published before it signs, in ms: as long as providers keep what they have fetched. */
  readonly overlapMs: number;
}

export interface FollowOptions {
  readonly bus: Bus;
  readonly onNews: (message: string) => void;
  readonly onError: (error: unknown) => void;
}

export interface RotateOptions {
  readonly by: Actor;
  /** Signs at once, not after the overlap: providers that know only older keys have to fetch it in the middle of a call. */
  readonly now?: boolean;
  /** The id of a key that is not to be trusted any more: it is published no longer, from this moment on. */
  readonly revoke?: string | undefined;
}

interface HeldKey extends PublicGrantKey {
  /** Undefined for a key that only waits for its last grants to die. */
  readonly signer: GrantSigner | undefined;
  /** Times of performance.now(). */
  readonly bornAt: number;
  readonly signsAt: number;
  readonly retiresAt: number;
}

/** Who the gateway is when it rotates by itself. */
const SELF: Actor = { id: 'system', name: 'Guichet' };
const KEY = (kid: string): string => `grant-key:${kid}`;

/**
 * The keys that sign grants: in the database, sealed, the same for all replicas. A new key is published at once and signs
 * after the overlap, when all providers have fetched it; the one before it is published until its last grants have died.
 */
export class GrantKeys {
  readonly #options: GrantKeysOptions;
  #keys: readonly HeldKey[] = [];
  #refreshing: Promise<void> = Promise.resolve();

  private constructor(options: GrantKeysOptions) {
    this.#options = options;
  }

  /** Reads the keys; makes the first one. */
  static async load(options: GrantKeysOptions): Promise<GrantKeys> {
    const keys = new GrantKeys(options);
    await keys.refresh();
    if (keys.#keys.length === 0) await keys.rotate({ by: SELF, now: true });
    return keys;
  }

  /** What `GET /v1/keys` says. */
  published(): PublicGrantKey[] {
    const now = performance.now();
    return this.#keys.filter(({ retiresAt }) => retiresAt > now).map(({ kid, paserk }) => ({ kid, paserk }));
  }

  /** The key that signs at this moment: the newest of those whose time has come. */
  signer(): GrantSigner {
    const now = performance.now();
    const signer = this.#keys.findLast(({ signsAt }) => signsAt <= now)?.signer;
    if (signer === undefined) throw new GuichetError('internal', 'No key signs grants now.');
    return signer;
  }

  /** Keeps up with what other replicas and operators do, and rotates when a key is old. Returns what ends that. */
  follow({ bus, onNews, onError }: FollowOptions): () => Promise<void> {
    const look = (): void => {
      this.#refreshing = this.#refreshing
        .then(() => this.refresh())
        .then(() => this.#rotateWhenOld(onNews))
        .catch(onError);
    };
    const unsubscribe = bus.subscribe('grant-keys', look);
    const timer = setInterval(look, POLL_MS);
    return async () => {
      unsubscribe();
      clearInterval(timer);
      await this.#refreshing;
    };
  }

  /** Reads the keys again. Those that are known are not opened again. */
  async refresh(): Promise<void> {
    const rows = await publishedKeys(this.#options.db);
    const now = performance.now();
    const known = new Map(this.#keys.map((key) => [key.kid, key.signer]));
    this.#keys = await Promise.all(rows.map((row) => this.#held(row, now, known.get(row.kid))));
    await forgetRetiredKeys(this.#options.db);
  }

  /** Makes a new key, unless somebody else has just made one. Its id; undefined in that case. */
  async rotate({ by, now = false, revoke }: RotateOptions): Promise<string | undefined> {
    const { db, overlapMs } = this.#options;
    const after = this.#keys.findLast(({ retiresAt }) => retiresAt === Number.POSITIVE_INFINITY)?.kid;
    const key = await this.#make();
    const rotation = { key, by, after, overlapMs: now ? 0 : overlapMs, lingerMs: LINGER_MS, revoke };
    const rotated = await rotateKey(db, rotation, unknownKey);
    await this.refresh();
    return rotated ? key.kid : undefined;
  }

  async #rotateWhenOld(onNews: (message: string) => void): Promise<void> {
    const newest = this.#keys.at(-1);
    if (newest !== undefined && performance.now() - newest.bornAt < this.#options.rotateAfterMs) return;
    const kid = await this.rotate({ by: SELF, now: newest === undefined });
    if (kid !== undefined) onNews(`a new key for grants is published: ${kid}`);
  }

  async #make(): Promise<NewGrantKey> {
    const { publicKey, secretKey } = await v4.GenerateKeyPair({ extractable: true });
    const paserk = await v4.ExportPublicKey(publicKey);
    const kid = digestOf(paserk).slice('sha256:'.length, 'sha256:'.length + 16);
    const sealed = await this.#options.sealer.sealForStorage(KEY(kid), await v4.ExportSecretKey(secretKey));
    return { kid, paserk, sealed };
  }

  async #held(row: GrantKeyRow, now: number, known: GrantSigner | undefined): Promise<HeldKey> {
    const { kid, paserk, sealed, ageMs, signsInMs, retiresInMs } = row;
    const signer = known ?? (sealed === null ? undefined : await this.#open(kid, sealed));
    return {
      kid,
      paserk,
      signer,
      bornAt: now - ageMs,
      signsAt: now + signsInMs,
      retiresAt: retiresInMs === null ? Number.POSITIVE_INFINITY : now + retiresInMs,
    };
  }

  async #open(kid: string, sealed: NonNullable<GrantKeyRow['sealed']>): Promise<GrantSigner> {
    const secret = (await this.#options.sealer.openStored(KEY(kid), sealed)).toString();
    // Only what ExportSecretKey wrote is sealed under this name.
    const secretKey = await v4.ImportSecretKey(secret as `k4.secret.${string}`);
    return { secretKey, footer: new TextEncoder().encode(JSON.stringify({ kid })) };
  }
}

function unknownKey(kid: string): GuichetError {
  return new GuichetError('usage.invalid', `There is no key '${kid}' to revoke.`, {
    remedy: 'GET /v1/keys lists those that are published.',
  });
}
