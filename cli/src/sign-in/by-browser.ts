import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@guichet/client';
import { fromProblem, GuichetError, type Problem, type SessionTokens } from '@guichet/contract';
import { Interrupted } from '../context.ts';
import type { Shell } from '../shell.ts';
import { openBrowser } from './browser.ts';
import { clientName } from './client-name.ts';
import { type Brought, listenForBrowser } from './loopback-server.ts';

const LASTS_MS = 600_000;

/** What a sign-in gave, and a last word to whoever looks at the browser. */
export interface BrowserSignIn {
  readonly tokens: SessionTokens;
  /** Ends the wait of the browser with what became of it. */
  finish(page: { title: string; text: string }): Promise<void>;
}

/** Signs in with the browser of this machine (RFC 8252): it brings a code to a port that only this machine reaches. */
export async function signInByBrowser(shell: Shell, client: Client): Promise<BrowserSignIn> {
  const state = random(24);
  const codeVerifier = random(48);
  const listener = await listenForBrowser(state);
  try {
    const url = new URL(`${client.baseUrl.replace(/\/+$/, '')}/v1/auth/authorize`);
    url.search = new URLSearchParams({
      response_type: 'code',
      redirect_uri: listener.redirectUri,
      code_challenge: await challengeOf(codeVerifier),
      code_challenge_method: 'S256',
      state,
      client: clientName(),
    }).toString();
    await refuseInVain(shell, client, url);
    const { aside } = shell;
    shell.say(`Opening your browser to sign you in. If it does not open, go to this page in it:\n\n  ${aside.cyan(url.href)}\n`);
    shell.say(aside.dim('Waiting for your browser; Ctrl-C gives up, guichet login --device does without one.'));
    // The browser may well be back before it is known whether it could be opened.
    void openBrowser(shell.context.env, url.href).then((opened) => {
      if (!opened) shell.say(`${aside.yellow('!')} No browser could be opened from here: go to the page above by hand.`);
    });
    const { code } = allowed(await waitFor(shell, listener.brought));
    const tokens = await client.call('sign_in.token', {
      body: { grant: 'authorization_code', code, codeVerifier, redirectUri: listener.redirectUri },
      signal: shell.context.interrupt,
    });
    return { tokens, finish: listener.finish };
  } catch (error) {
    const why = error instanceof GuichetError ? error.message : 'The command has ended before.';
    await listener.finish({ title: 'Not signed in', text: `${why} You can close this page.` });
    if (shell.context.interrupt.aborted) throw new Interrupted('Not signed in.');
    throw error;
  }
}

/** Nobody would come back from a page that is not there: a gateway that is away, another server, a gateway that signs nobody in. */
async function refuseInVain({ context }: Shell, client: Client, url: URL): Promise<void> {
  await client.call('keys.list', { signal: context.interrupt });
  const page = await fetch(url, { redirect: 'manual', signal: context.interrupt });
  if (page.status === 501) throw fromProblem((await page.json()) as Problem); // what a gateway answers where it signs nobody in
  await page.body?.cancel();
}

async function waitFor(shell: Shell, brought: Promise<Brought>): Promise<Brought> {
  const over = new AbortController();
  const signal = AbortSignal.any([shell.context.interrupt, over.signal]);
  const late = sleep(LASTS_MS, undefined, { signal }).then(() => {
    throw new GuichetError('sign_in.expired', 'No browser came back within 10 minutes.', {
      remedy: 'Try again, or do without a browser on this machine: guichet login --device',
    });
  });
  return Promise.race([brought, late]).finally(() => {
    over.abort();
    late.catch(() => {}); // aborted on the line above, when the browser came first
  });
}

function allowed(brought: Brought): { readonly code: string } {
  if ('code' in brought) return brought;
  if (brought.error === 'access_denied')
    throw new GuichetError('sign_in.denied', 'The sign-in was denied in the browser.', {
      remedy: 'If that was a mistake, run guichet login again.',
    });
  throw new GuichetError('sign_in.failed', `The browser came back with '${brought.error.slice(0, 100)}'.`, {
    remedy: 'Try again, or do without a browser on this machine: guichet login --device',
  });
}

const random = (bytes: number): string =>
  Buffer.from(globalThis.crypto.getRandomValues(new Uint8Array(bytes))).toString('base64url');

async function challengeOf(verifier: string): Promise<string> {
  const digest = await globalThis.crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));
  return Buffer.from(digest).toString('base64url');
}
