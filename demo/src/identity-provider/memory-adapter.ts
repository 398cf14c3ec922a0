import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider';

interface Kept {
  readonly payload: AdapterPayload;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/** The models that a grant leads to. */
const GRANTED = new Set(['AccessToken', 'AuthorizationCode', 'RefreshToken', 'DeviceCode', 'BackchannelAuthenticationRequest']);

/** Codes, tokens and sessions of one provider, for as long as it runs. */
export function memoryAdapter(): AdapterFactory {
  const kept = new Map<string, Kept>();
  return (model) => new MemoryAdapter(model, kept);
}

class MemoryAdapter implements Adapter {
  readonly #model: string;
  readonly #kept: Map<string, Kept>;

  constructor(model: string, kept: Map<string, Kept>) {
    this.#model = model;
    this.#kept = kept;
  }

  async upsert(id: string, payload: AdapterPayload, expiresIn?: number): Promise<void> {
    for (const [key, { until }] of this.#kept) if (until <= Date.now()) this.#kept.delete(key);
    const until = expiresIn === undefined ? Number.POSITIVE_INFINITY : Date.now() + expiresIn * 1000;
    this.#kept.set(this.#key(id), { payload, until });
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    const found = this.#kept.get(this.#key(id));
    return found !== undefined && found.until > Date.now() ? found.payload : undefined;
  }

  async findByUid(uid: string): Promise<AdapterPayload | undefined> {
    return this.#findBy((payload) => payload.uid === uid);
  }

  async findByUserCode(userCode: string): Promise<AdapterPayload | undefined> {
    return this.#findBy((payload) => payload.userCode === userCode);
  }

  async consume(id: string): Promise<void> {
    const payload = await this.find(id);
    if (payload !== undefined) payload.consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id: string): Promise<void> {
    this.#kept.delete(this.#key(id));
  }

  /** What a grant has led to ends with it. A sign-in that is under way goes on, though it knows the grant too. */
  async revokeByGrantId(grantId: string): Promise<void> {
    for (const [key, { payload }] of this.#kept) {
      const isOfGrant = payload.grantId === grantId && GRANTED.has(key.slice(0, key.indexOf(':')));
      if (isOfGrant) this.#kept.delete(key);
    }
  }

  #key(id: string): string {
    return `${this.#model}:${id}`;
  }

  async #findBy(isIt: (payload: AdapterPayload) => boolean): Promise<AdapterPayload | undefined> {
    const mine = [...this.#kept].find(([key, { payload }]) => key.startsWith(`${this.#model}:`) && isIt(payload));
    return mine && this.find(mine[0].slice(this.#model.length + 1));
  }
}
