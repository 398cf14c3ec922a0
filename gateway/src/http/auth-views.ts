import type { AskingDevice, LoopbackAsk } from '../identity/index.ts';
import { type Html, html } from './html.ts';

/** Pages for people who sign in: no script, no style of their own, nothing from elsewhere. */

export const STYLE = `:root { color-scheme: light dark; --line: #8884; --go: #1a5fb4; --ink: #1c1c1f; --paper: #fff; --soft: #5c5c66 }
@media (prefers-color-scheme: dark) { :root { --go: #78aeed; --ink: #f2f2f4; --paper: #1c1c1f; --soft: #b4b4bd } }
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; background: var(--paper);
  color: var(--ink); font: 1.0625rem/1.5 system-ui, sans-serif }
main { width: 100%; max-width: 28rem }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 1rem }
p { margin: 0 0 1rem }
.soft { color: var(--soft) }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; margin: 0 0 1.5rem; padding: 1rem;
  border: 1px solid var(--line); border-radius: .5rem }
dt { color: var(--soft) }
dd { margin: 0; overflow-wrap: anywhere }
code, input { font: 1.25rem ui-monospace, monospace; letter-spacing: .08em }
label { display: block; margin-bottom: .25rem }
input { width: 100%; padding: .5rem .75rem; border: 1px solid var(--soft); border-radius: .5rem; text-transform: uppercase;
  background: transparent; color: inherit; margin-bottom: 1rem }
.after { margin: 1.5rem 0 0 }
a { color: var(--go) }
.choice { display: flex; gap: .75rem; flex-wrap: wrap }
button { flex: 1 1 8rem; min-height: 2.75rem; padding: .5rem 1rem; font: inherit; border-radius: .5rem; cursor: pointer;
  border: 1px solid var(--go); background: transparent; color: var(--go) }
button.go { background: var(--go); color: var(--paper) }
:focus-visible { outline: 3px solid var(--go); outline-offset: 2px }
`;

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
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`.text;
}

/** Asks for the code that the command line shows. */
export function codePage({ unknown }: { unknown: boolean }): string {
  return page(
    'Sign in a command line',
    html`${unknown ? html`<p role="alert">Nothing waits for this code. It is good for 10 minutes, and once.</p>` : ''}
<form method="get" action="/device">
<label for="code">The code that your terminal shows</label>
<input id="code" name="user_code" required autofocus autocomplete="off" autocapitalize="characters" spellcheck="false" maxlength="20">
<div class="choice"><button class="go">Continue</button></div>
</form>`,
  );
}

interface Asked {
  readonly who: string;
  readonly csrf: string;
  /** Path and query of the page, to come back to. */
  readonly here: string;
}

export function devicePage({ userCode, client, address, askedAt }: AskingDevice, { who, csrf, here }: Asked): string {
  return page(
    'Sign in a command line?',
    html`<p>This lets it act as <strong>${who}</strong>. Allow it only if you have just started it yourself, and if your terminal shows this very code.</p>
<dl>
<dt>Code</dt><dd><code>${userCode}</code></dd>
<dt>What</dt><dd>${client}</dd>
<dt>Address</dt><dd>${address}</dd>
<dt>Asked at</dt><dd>${inWords(askedAt)}</dd>
</dl>
<form method="post" action="/device">
<input type="hidden" name="csrf" value="${csrf}">
<input type="hidden" name="user_code" value="${userCode}">
${choice}
</form>
${another(here)}`,
  );
}

export function consentPage(
  ask: LoopbackAsk & { state: string },
  { who, csrf, here, address }: Asked & { address: string },
): string {
  return page(
    'Sign in a command line?',
    html`<p>A program on this machine asks to act as <strong>${who}</strong>. Allow it only if you have just started it yourself.</p>
<dl>
<dt>What</dt><dd>${ask.client}</dd>
<dt>Address</dt><dd>${address}</dd>
<dt>Answer to</dt><dd>${ask.redirectUri}</dd>
</dl>
<form method="post" action="/v1/auth/authorize">
<input type="hidden" name="csrf" value="${csrf}">
<input type="hidden" name="redirect_uri" value="${ask.redirectUri}">
<input type="hidden" name="code_challenge" value="${ask.codeChallenge}">
<input type="hidden" name="client" value="${ask.client}">
<input type="hidden" name="state" value="${ask.state}">
${choice}
</form>
${another(here)}`,
  );
}

/** Several people share a browser in a demo, and one person has several accounts anywhere. */
const another = (here: string): Html =>
  html`<p class="soft after">Not you? <a href="/v1/auth/login?${new URLSearchParams({ account: 'another', returnTo: here }).toString()}">Sign in as somebody else</a></p>`;

const choice = html`<div class="choice">
<button class="go" name="decision" value="allow">Allow</button>
<button name="decision" value="deny">Deny</button>
</div>`;

export function donePage({ allowed, client }: { allowed: boolean; client: string }): string {
  return allowed
    ? page('Signed in', html`<p><strong>${client}</strong> is signed in. You can close this page and go on in your terminal.</p>`)
    : page('Denied', html`<p><strong>${client}</strong> was not signed in. If you did not start it, nobody has got in.</p>`);
}

export function errorPage(problem: { title: string; message: string; remedy: string | undefined; trace: string }): string {
  return page(
    problem.title,
    html`<p role="alert">${problem.message}</p>
${problem.remedy === undefined ? '' : html`<p>${problem.remedy}</p>`}
<p class="soft">Trace ${problem.trace}</p>`,
  );
}

/** `2026-11-21 09:30 UTC`: whoever reads it may be in another time zone than what asks. */
const inWords = (time: Date): string => `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
