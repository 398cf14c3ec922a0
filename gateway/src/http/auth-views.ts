import type { AskingDevice, LoopbackAsk } from '../identity/index.ts';
import { type Html, html } from './html.ts';

/** Pages for people who sign in: no script, no style of their own, nothing from elsewhere. */

function page(title: string, body: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Guichet</title>
<link rel="stylesheet" href="/v1/auth/style.css">
</head>
<body>
<main>
<p class="house">Guichet</p>
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`.text;
}

/** Who looks at a page, as the gateway knows them by their cookie. */
export interface Viewer {
  readonly who: string;
  readonly csrf: string;
  /** Path and query of the page, to come back to. */
  readonly here: string;
}

/** What is typed in a terminal; no line breaks inside of it. */
const command = (text: string): Html => html`<code class="run">${text}</code>`;

/** Asks for the code that the command line shows; `unknown` is one that somebody has typed, and that nothing waits for. */
export function codePage(viewer: Viewer, unknown?: string): string {
  const wrong = html`<p class="wrong" role="alert" id="wrong">Nothing waits for this code. Compare it with your terminal: a code is good for 10 minutes, and once. Is it over? Run ${command('guichet login')} again.</p>`;
  const described = html` value="${unknown ?? ''}" aria-invalid="true" aria-describedby="wrong"`;
  return page(
    'Sign in a command line',
    html`<form method="get" action="/device">
${unknown === undefined ? '' : wrong}
<label for="code">The code that your terminal shows</label>
<input id="code" name="user_code" required autofocus autocomplete="off" autocapitalize="characters" spellcheck="false" maxlength="20"${unknown === undefined ? '' : described}>
<div class="choice"><button class="go">Continue</button></div>
</form>
${footer(viewer)}`,
  );
}

export function devicePage({ userCode, client, address, askedAt }: AskingDevice, viewer: Viewer): string {
  return page(
    'Sign in a command line?',
    html`<p>This lets it act as <strong>${viewer.who}</strong>. Allow it only if you have just started it yourself, and if your terminal shows this very code.</p>
<dl>
<dt>Code</dt><dd><code>${userCode}</code></dd>
<dt>Program</dt><dd>${client}</dd>
<dt>Address</dt><dd>${address}</dd>
<dt>Asked at</dt><dd>${inWords(askedAt)}</dd>
</dl>
<form method="post" action="/device">
<input type="hidden" name="csrf" value="${viewer.csrf}">
<input type="hidden" name="user_code" value="${userCode}">
${choice}
</form>
${footer(viewer)}`,
  );
}

export function consentPage(ask: LoopbackAsk & { state: string }, viewer: Viewer & { address: string }): string {
  return page(
    'Sign in a command line?',
    html`<p>A program on this machine asks to act as <strong>${viewer.who}</strong>. Allow it only if you have just started it yourself.</p>
<dl>
<dt>Program</dt><dd>${ask.client}</dd>
<dt>Address</dt><dd>${viewer.address}</dd>
<dt>Answer to</dt><dd>${ask.redirectUri}</dd>
</dl>
<form method="post" action="/v1/auth/authorize">
<input type="hidden" name="csrf" value="${viewer.csrf}">
<input type="hidden" name="redirect_uri" value="${ask.redirectUri}">
<input type="hidden" name="code_challenge" value="${ask.codeChallenge}">
<input type="hidden" name="client" value="${ask.client}">
<input type="hidden" name="state" value="${ask.state}">
${choice}
</form>
${footer(viewer)}`,
  );
}

const choice = html`<div class="choice">
<button class="go" name="decision" value="allow">Allow</button>
<button name="decision" value="deny">Deny</button>
</div>`;

/** Several people share a browser in a demo, one person has several accounts, and some sign in with a browser that is not theirs. */
const footer = ({ who, csrf, here }: Viewer): Html => html`<footer>
<p>This browser is signed in as ${who}.</p>
<a href="${loginPath(here, { another: true })}">Sign in as somebody else</a>
<form method="post" action="/v1/auth/sign-out"><input type="hidden" name="csrf" value="${csrf}"><button>Sign out</button></form>
</footer>`;

/** Where a sign-in begins that leads to the page. */
export function loginPath(returnTo: string, { another }: { another: boolean }): string {
  return `/v1/auth/login?${new URLSearchParams({ ...(another && { account: 'another' }), returnTo }).toString()}`;
}

export function donePage({ allowed, client, viewer }: { allowed: boolean; client: string; viewer: Viewer }): string {
  return allowed
    ? page(
        'Signed in',
        html`<p><strong>${client}</strong> now acts as ${viewer.who}. You can close this page and go on in your terminal.</p>
${footer(viewer)}`,
      )
    : page(
        'Denied',
        html`<p><strong>${client}</strong> was not signed in. If you did not start it, nobody has got in. If you did, run ${command('guichet login')} again.</p>
${footer(viewer)}`,
      );
}

/** `atProvider`: where this browser is signed out of the identity provider too; null where there is no such place. */
export function signedOutPage({ atProvider }: { atProvider: string | null }): string {
  const provider =
    atProvider === null
      ? html`<p>The identity provider may still know you: on a browser that others use, sign out there too.</p>`
      : html`<p>The identity provider may still know you: on a browser that others use, <a href="${atProvider}">sign out there too</a>.</p>`;
  return page(
    'Signed out',
    html`<p>This browser is no longer signed in here. Command lines that you have let in still are: ${command('guichet logout --everywhere')} ends all of them.</p>
${provider}`,
  );
}

export interface ShownProblem {
  readonly title: string;
  readonly message: string;
  readonly remedy: string | undefined;
  readonly trace: string;
  /** What whoever sees it can do on the spot. */
  readonly next?: { readonly text: string; readonly path: string } | undefined;
}

export function errorPage({ title, message, remedy, trace, next }: ShownProblem): string {
  return page(
    title,
    html`<p class="wrong" role="alert">${message}</p>
${remedy === undefined ? '' : html`<p>${remedy}</p>`}
${next === undefined ? '' : html`<div class="choice"><a class="go" href="${next.path}">${next.text}</a></div>`}
<p class="trace">Trace ${trace}</p>`,
  );
}

/** `2026-11-21 09:30 UTC`: whoever reads it may be in another time zone than what asks. */
const inWords = (time: Date): string => `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
