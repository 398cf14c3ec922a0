import type { Client, TokenSource } from '@guichet/client';
import { type Exchanged, GuichetError } from '@guichet/contract';
import { changeProfile, type Proof, readConfig } from '../config/config-file.ts';
import type { Session } from '../config/session.ts';
import type { Context } from '../context.ts';

/** A token that ends sooner is replaced before it is used. */
const SOON_MS = 60_000;

/** Proves to the gateway who calls, and takes the token that it gives for it. What is needed for it is loaded then. */
export async function exchangeProof(client: Client, { context, proof }: { context: Context; proof: Proof }): Promise<Exchanged> {
  const { interrupt: signal } = context;
  if (proof === 'aws') {
    const { proofByAws } = await import('./by-aws.ts');
    return client.call('exchange.aws', { body: await proofByAws(context, client.baseUrl), signal });
  }
  const { proofByWorkload } = await import('./by-workload.ts');
  return client.call('exchange.workload', { body: await proofByWorkload(context, client.baseUrl), signal });
}

interface Held {
  readonly token: string;
  readonly expiresAt: string | undefined;
}

export interface ProvedTokensOptions {
  readonly context: Context;
  readonly session: Session & { readonly profile: string; readonly proof: Proof };
  readonly held: Held;
  /** Of the gateway, without a token. */
  readonly client: Client;
}

/** The tokens of a machine: they last minutes, and what proved the first one proves the next as long as it is there. */
export class ProvedTokens implements TokenSource {
  readonly #options: ProvedTokensOptions;
  #held: Held;
  #renewing: Promise<Held> | undefined;

  constructor(options: ProvedTokensOptions) {
    this.#options = options;
    this.#held = options.held;
  }

  async current(): Promise<string> {
    const left = this.#left(this.#held);
    if (left > SOON_MS) return this.#held.token;
    try {
      return await this.renewed(this.#held.token);
    } catch (error) {
      // What is at hand serves to its end.
      if (left > 0 && error instanceof GuichetError) return this.#held.token;
      throw error;
    }
  }

  async renewed(expired: string): Promise<string> {
    this.#renewing ??= this.#renew(expired).finally(() => {
      this.#renewing = undefined;
    });
    this.#held = await this.#renewing;
    return this.#held.token;
  }

  async #renew(expired: string): Promise<Held> {
    const { context, session, client } = this.#options;
    const { configPath, profile, gateway, proof } = session;
    const kept = readConfig(configPath).profiles[profile];
    // Another process was here first.
    if (kept?.token !== undefined && kept.token !== expired) {
      const held = { token: kept.token, expiresAt: kept.expiresAt };
      if (this.#left(held) > SOON_MS) return held;
    }
    const { accessToken: token, expiresAt, principal } = await exchangeProof(client, { context, proof });
    await changeProfile(configPath, profile, () => ({ gateway, token, principal: principal.id, proof, expiresAt }));
    return { token, expiresAt };
  }

  #left({ expiresAt }: Held): number {
    return expiresAt === undefined ? 0 : Date.parse(expiresAt) - this.#options.context.now().getTime();
  }
}
