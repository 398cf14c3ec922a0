import { ENDED_CHANNEL, loginPath } from './sign-in.ts';

/** What is known of the session that this page acts in. */
type Standing = 'signed-in' | 'ended' | 'somebody-else';

/** Asks the gateway who is signed in now; undefined when nobody is. Plain fetch: the client rests on what is kept here. */
async function whoNow(): Promise<{ principalId: string; csrf: string | undefined } | undefined> {
  const response = await fetch('/v1/me', { headers: { accept: 'application/json' } });
  if (!response.ok) return undefined;
  // As Me of the contract says; only these are looked at.
  const me = (await response.json()) as { principal: { id: string }; csrf?: string };
  return { principalId: me.principal.id, csrf: me.csrf };
}

/**
 * The session of this page. It may end while somebody fills in a form: then the page stays as it is, says so, and goes on
 * once the same person has signed in again. When another person has, nothing of the page is theirs: it is loaded anew.
 */
class PageSession {
  csrf: string | undefined;
  #principalId: string | undefined;
  #standing: Standing = 'signed-in';
  readonly #listeners = new Set<() => void>();

  /** The page knows who it acts for. */
  begin(me: { principal: { id: string }; csrf?: string | undefined }): void {
    this.#principalId = me.principal.id;
    this.csrf = me.csrf;
    this.#stand('signed-in');
  }

  /** A call was refused for its session. Before anybody was known there is nothing to lose: off to sign in, which is told. */
  end(): 'stays' | 'leaves' {
    if (this.#principalId !== undefined) {
      this.#stand('ended');
      return 'stays';
    }
    location.assign(loginPath());
    return 'leaves';
  }

  /** True when the same person is signed in again. */
  async renew(): Promise<boolean> {
    const now = await whoNow();
    if (now === undefined) return false;
    const isSame = now.principalId === this.#principalId;
    if (isSame) this.csrf = now.csrf;
    this.#stand(isSame ? 'signed-in' : 'somebody-else');
    return isSame;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly standing = (): Standing => this.#standing;

  #stand(standing: Standing): void {
    if (standing === this.#standing) return;
    this.#standing = standing;
    for (const listener of this.#listeners) listener();
  }
}

export const session = new PageSession();

/** Tabs tell each other that somebody has signed in. */
new BroadcastChannel(ENDED_CHANNEL).addEventListener('message', () => void session.renew());
