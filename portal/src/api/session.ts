import { ENDED_CHANNEL, LEFT_CHANNEL, loginPath } from './sign-in.ts';

/** What is known of the session that this page acts in. */
type Standing = 'signed-in' | 'ended' | 'somebody-else';

const SIGNED_OUT = '/v1/auth/signed-out';
const LEFT_LOOKS = 5;
const LEFT_PAUSE_MS = 250;

/**
 * Asks the gateway who is signed in now; `nobody` when it says so, undefined when it does not tell. Plain fetch: the client
 * rests on what is kept here.
 */
async function whoNow(): Promise<{ principalId: string; csrf: string | undefined } | 'nobody' | undefined> {
  const response = await fetch('/v1/me', { headers: { accept: 'application/json' } }).catch(() => undefined);
  if (response?.status === 401) return 'nobody';
  if (!response?.ok) return undefined;
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
    const isSame = this.#principalId === undefined || this.#principalId === me.principal.id;
    if (isSame) {
      this.#principalId = me.principal.id;
      this.csrf = me.csrf;
    }
    this.#stand(isSame ? 'signed-in' : 'somebody-else');
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
    if (now === undefined || now === 'nobody') return false;
    const isSame = now.principalId === this.#principalId;
    if (isSame) this.csrf = now.csrf;
    this.#stand(isSame ? 'signed-in' : 'somebody-else');
    return this.#standing === 'signed-in';
  }

  /** The reader signs out; gives who it is. What is on the screen is hidden from then on, also when this page is shown again from the memory. */
  leave(): string | undefined {
    hide();
    const channel = new BroadcastChannel(LEFT_CHANNEL);
    channel.postMessage(this.#principalId);
    channel.close();
    return this.#principalId;
  }

  /** They have signed out in another tab: nothing stays here either, once the gateway says that it is so. */
  async left(principalId: unknown): Promise<void> {
    if (principalId !== this.#principalId) return;
    for (let attempt = 0; attempt < LEFT_LOOKS; attempt++) {
      await new Promise((resolve) => setTimeout(resolve, LEFT_PAUSE_MS * 2 ** attempt)); // the form is on its way
      if ((await whoNow()) !== 'nobody') continue;
      hide();
      location.replace(SIGNED_OUT);
      return;
    }
  }

  /** The browser shows a page again that it had kept as it was: only to whoever it belongs to. */
  async shownAgain(): Promise<void> {
    hide();
    const now = await whoNow();
    if (now === undefined || now === 'nobody' || now.principalId !== this.#principalId) location.reload();
    else document.documentElement.style.visibility = '';
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly standing = (): Standing => this.#standing;

  #stand(standing: Standing): void {
    // Whatever was asked for since somebody else has signed in was answered to them: only a new page is the reader's again.
    if (standing === this.#standing || this.#standing === 'somebody-else') return;
    this.#standing = standing;
    for (const listener of this.#listeners) listener();
  }
}

/** The page is left as it is, so that nothing that draws it fails; it cannot be read or used. */
function hide(): void {
  document.documentElement.style.visibility = 'hidden';
}

export const session = new PageSession();

/** Tabs tell each other that somebody has signed in, or out. */
new BroadcastChannel(ENDED_CHANNEL).addEventListener('message', () => void session.renew());
new BroadcastChannel(LEFT_CHANNEL).addEventListener('message', ({ data }) => void session.left(data));
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) void session.shownAgain();
});
