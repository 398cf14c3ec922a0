import { setTimeout as sleep } from 'node:timers/promises';
import type { TokenSource } from '@guichet/client';
import { ERRORS, GuichetError, type SessionTokens } from '@guichet/contract';
import type { Keeper } from '../config/config-file.ts';
import { withLock } from '../config/lock.ts';
import { loginCommand, notSignedIn, type Session, sameAddress } from '../config/session.ts';
import type { Context } from '../context.ts';
import { credentialFile } from './credential-store.ts';
import { type Credentials, credentialsOf } from './credentials.ts';
import { keep, noteKeeper } from './keep.ts';
import { storeOf } from './open-store.ts';

/** A token that ends sooner is renewed before it is used. */
const SOON_MS = 60_000;
/** A refresh whose answer was lost is asked for again at once: for half a minute the gateway knows that it may be. */
const TRIES = 3;
const PAUSE_MS = 300;

export interface AccessTokensOptions {
  readonly context: Context;
  readonly session: Session & { readonly profile: string; readonly keeper: Keeper };
  /** Exchanges a refresh token. It is not cut short by Ctrl-C: what the gateway gives has to be kept. */
  readonly refresh: (gateway: string, refreshToken: string) => Promise<SessionTokens>;
  readonly say: (text: string) => void;
}

/**
 * The access tokens of a sign-in. They last some minutes; a new one is asked for before the old one ends, or when the
 * gateway says that it has. Each refresh token works once, so of all processes of a profile one refreshes at a time and
 * the others take what it has brought.
 */
export class AccessTokens implements TokenSource {
  readonly #options: AccessTokensOptions;
  #keeper: Keeper;
  #held: Credentials | undefined;
  #refreshing: Promise<Credentials> | undefined;

  constructor(options: AccessTokensOptions) {
    this.#options = options;
    this.#keeper = options.session.keeper;
  }

  async current(): Promise<string> {
    this.#held ??= await this.#read();
    if (this.#endsSoon(this.#held)) return this.renewed(this.#held.accessToken);
    return this.#held.accessToken;
  }

  async renewed(expired: string): Promise<string> {
    this.#refreshing ??= this.#refresh(expired).finally(() => {
      this.#refreshing = undefined;
    });
    this.#held = await this.#refreshing;
    return this.#held.accessToken;
  }

  async #refresh(expired: string): Promise<Credentials> {
    const { context, session } = this.#options;
    const lock = credentialFile(session.configPath, session.profile, 'lock');
    return withLock(
      lock,
      async () => {
        const kept = await this.#read();
        // Another process was here first.
        if (kept.accessToken !== expired && !this.#endsSoon(kept)) return kept;
        const renewed = credentialsOf(kept.gateway, await this.#exchange(kept));
        await this.#keep(renewed);
        return renewed;
      },
      { signal: context.interrupt },
    );
  }

  async #read(): Promise<Credentials> {
    const { context, session } = this.#options;
    const kept = await storeOf(context, this.#keeper, session).read();
    // A profile whose address somebody has changed by hand: the tokens belong to the old one.
    if (kept === undefined || !sameAddress(kept.gateway, session.gateway)) throw notSignedIn(session);
    return kept;
  }

  async #keep(renewed: Credentials): Promise<void> {
    const { context, session, say } = this.#options;
    const { configPath, profile } = session;
    const store = await keep(renewed, { context, keeper: this.#keeper, configPath, profile, say });
    if (store.keeper === this.#keeper) return;
    this.#keeper = store.keeper;
    await noteKeeper({ configPath, profile }, store.keeper, session.gateway);
  }

  async #exchange({ gateway, refreshToken }: Credentials): Promise<SessionTokens> {
    const { refresh, session } = this.#options;
    for (let attempt = 1; ; attempt++) {
      try {
        return await refresh(gateway, refreshToken);
      } catch (error) {
        if (!(error instanceof GuichetError)) throw error;
        if (!ERRORS[error.code].retryable) throw ended(error, session);
        if (attempt === TRIES) throw error;
        await sleep(PAUSE_MS * 2 ** attempt);
      }
    }
  }

  #endsSoon({ accessTokenExpiresAt }: Credentials): boolean {
    return Date.parse(accessTokenExpiresAt) - this.#options.context.now().getTime() < SOON_MS;
  }
}

const OVER: readonly string[] = ['sign_in.expired', 'sign_in.invalid', 'token.revoked', 'token.expired'];

/** What the gateway says of a session that is over, with the command that begins another one. */
function ended(error: GuichetError, session: Session): GuichetError {
  if (!OVER.includes(error.code)) return error;
  return new GuichetError(error.code, error.message, { remedy: `Sign in again: ${loginCommand(session)}`, cause: error });
}
