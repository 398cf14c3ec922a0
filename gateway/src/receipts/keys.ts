import { type Actor, type ReceiptKey, SuccessionClaims } from '@guichet/contract';
import type { Database } from '../db/index.ts';
import { auditKey, type KeyRow, keysOf, lockKeys, offerKey, revokeKey, trustKey, unknownKey } from './key-store.ts';
import { claimsOf } from './token.ts';

const SELF: Actor = { id: 'system', name: 'Guichet' };
/** Announcements are looked at in a row; no provider changes its key so often while nobody looks. */
const MOST_SUCCESSIONS = 50;

export interface MetProvider {
  readonly name: string;
  /** What its manifest says now; undefined when it signs no receipts. */
  readonly offered: ReceiptKey | undefined;
  /** The key that the configuration names. */
  readonly configured: string | undefined;
  /** Runs in this process: it is as trusted as we are, and has a key in each place where a gateway runs. */
  readonly mounted: boolean;
}

export interface ProviderKeysOptions {
  readonly db: Database;
  readonly onNews: (message: string) => void;
  readonly onRefused: (message: string) => void;
}

/**
 * Which keys sign the receipts of providers. The first one that is seen is trusted; from then on another one only when the
 * trusted one has announced it, when the configuration names it, or when an operator accepts it.
 */
export class ProviderKeys {
  readonly #options: ProviderKeysOptions;
  /** What was looked at before, so that the database is not asked each time a manifest is read. */
  readonly #met = new Map<string, string>();
  /** Refusals that were written down, with the keys that were trusted then: replicas of a provider may show two keys in turn. */
  readonly #told = new Set<string>();

  constructor(options: ProviderKeysOptions) {
    this.#options = options;
  }

  /** Looks at the key of a manifest that was just read. */
  async meet(met: MetProvider): Promise<void> {
    const { name, offered } = met;
    if (offered === undefined) return;
    const text = JSON.stringify(offered);
    if (this.#met.get(name) === text) return;
    await this.#decide(met, offered);
    this.#met.set(name, text);
  }

  async #decide({ name: provider, configured, mounted }: MetProvider, offered: ReceiptKey): Promise<void> {
    const { kid, paserk } = offered;
    const { db, onNews, onRefused } = this.#options;
    const key = { kid, paserk };
    await db.transaction(async (tx) => {
      await lockKeys(tx, provider);
      const known = await keysOf(tx, provider);
      const trusted = known.filter(({ state }) => state === 'trusted');
      const change = { provider, key, by: SELF };
      if (configured === undefined ? trusted.some((each) => each.paserk === paserk) : false) return;
      const how = await this.#reason({ provider, offered, trusted, configured, mounted });
      const before = trusted.map((each) => each.kid);
      if (how !== undefined) {
        if (trusted.length === 1 && trusted[0]?.paserk === paserk) return;
        const type = how === 'announced' ? 'provider_key.rotated' : 'provider_key.pinned';
        await trustKey(tx, { ...change, type, data: { kid, how, before } }, { beside: mounted });
        tx.afterCommit(() => onNews(`provider '${provider}': its receipts are signed with the key ${kid} (${how})`));
        return;
      }
      const refusal = JSON.stringify([provider, paserk, trusted.map((each) => each.paserk)]);
      if (this.#told.has(refusal)) return;
      const state = known.find((each) => each.paserk === paserk)?.state;
      const denied = { ...change, type: 'provider_key.refused', data: { kid, before } } as const;
      // A key that was trusted once and is offered again stays what it is.
      if (state === undefined) await offerKey(tx, denied);
      else if (state !== 'offered') await auditKey(tx, { ...denied, outcome: 'denied' });
      tx.afterCommit(() => {
        this.#told.add(refusal);
        onRefused(refusalText({ provider, kid, configured, before }));
      });
    });
  }

  /** Why the key is to be trusted; undefined when it is not. */
  async #reason({
    provider,
    offered,
    trusted,
    configured,
    mounted,
  }: {
    provider: string;
    offered: ReceiptKey;
    trusted: readonly KeyRow[];
    configured: string | undefined;
    mounted: boolean;
  }): Promise<string | undefined> {
    if (configured !== undefined) return configured === offered.paserk ? 'configured' : undefined;
    if (mounted) return 'mounted in the gateway';
    if (trusted.length === 0) return 'first seen';
    for (const { paserk } of trusted) if (await isHeir(provider, offered, paserk)) return 'announced';
    return undefined;
  }
}

/** True when the trusted key has announced the offered one, perhaps by way of others. */
async function isHeir(provider: string, { paserk, successions = [] }: ReceiptKey, trusted: string): Promise<boolean> {
  let at = trusted;
  for (const token of successions.slice(-MOST_SUCCESSIONS)) {
    const claims = SuccessionClaims.safeParse(await claimsOf(token, at));
    if (claims.success && claims.data.provider === provider) at = claims.data.paserk;
  }
  return at !== trusted && at === paserk;
}

function refusalText(about: {
  provider: string;
  kid: string;
  configured: string | undefined;
  before: readonly string[];
}): string {
  const { provider, kid, configured, before } = about;
  const text = `provider '${provider}' signs its receipts with another key, ${kid}; they are refused.`;
  return configured === undefined
    ? `${text} The trusted one is ${before.join(', ')}. When its team has confirmed the new one: accept-provider-key ${provider} ${kid}`
    : `${text} The configuration names another one as receiptKey.`;
}

/** An operator takes a key that a provider has offered. Throws `usage.invalid` when it has not. */
export async function acceptKey(
  db: Database,
  { provider, kid, revoke, by }: { provider: string; kid: string; revoke: string | undefined; by: Actor },
): Promise<void> {
  await db.transaction(async (tx) => {
    await lockKeys(tx, provider);
    const known = await keysOf(tx, provider);
    const key = known.find((each) => each.kid === kid && each.state !== 'revoked');
    if (key === undefined) throw unknownKey(provider, kid, known);
    const before = known.filter(({ state }) => state === 'trusted').map((each) => each.kid);
    await trustKey(tx, { provider, key, by, type: 'provider_key.accepted', data: { kid, before, revoked: revoke ?? null } });
    if (revoke !== undefined && !(await revokeKey(tx, provider, revoke))) throw unknownKey(provider, revoke, known);
  });
}
