import type { IdentityPerson } from './person.ts';

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '');

function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<main>
<p class="house">Demo company · accounts</p>
${content}
</main>
</body>
</html>
`;
}

export interface SignInPage {
  /** What the person signs in to. */
  readonly client: string;
  readonly people: readonly IdentityPerson[];
  /** What the page says of passwords. */
  readonly hint: string | undefined;
  readonly username: string;
  readonly isWrong: boolean;
}

export function signInPage({ client, people, hint, username, isWrong }: SignInPage): string {
  const focus = (isHere: boolean): string => (isHere ? ' autofocus' : '');
  const wrong = isWrong ? '<p class="wrong" role="alert" id="wrong">This name and password do not belong together.</p>' : '';
  const described = isWrong ? ' aria-invalid="true" aria-describedby="wrong"' : '';
  const rows = people.map(
    ({ name, fullName, title }) => `<dt>${escaped(name)}</dt><dd>${escaped([fullName, title].filter(Boolean).join(', '))}</dd>`,
  );
  return page(
    `Sign in to ${client}`,
    `<h1>Sign in</h1>
<p class="faint">to go on to ${escaped(client)}</p>
${wrong}
<form method="post" name="sign-in">
<label for="username">User name</label>
<input id="username" name="username" autocomplete="username" autocapitalize="none" spellcheck="false" required${focus(username === '')} value="${escaped(username)}"${described}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${focus(username !== '')}${described}>
<div class="buttons">
<button type="submit">Sign in</button>
<button type="submit" class="quiet" name="cancel" value="yes" formnovalidate>Cancel</button>
</div>
</form>
<section class="people" aria-labelledby="people">
<h2 id="people">Who is here</h2>
<dl>
${rows.join('\n')}
</dl>
${hint === undefined ? '' : `<p>${escaped(hint)}</p>`}
</section>`,
  );
}

/** `form` is the provider's own, without buttons; they belong to it by its id. */
export function signOutPage(form: string): string {
  return page(
    'Sign out',
    `<h1>Sign out here too?</h1>
<p class="faint">Until you do, this browser signs you in again without asking for your password.</p>
${form}
<div class="buttons">
<button type="submit" form="op.logoutForm" name="logout" value="yes" autofocus>Sign out</button>
<button type="submit" form="op.logoutForm" class="quiet">Stay signed in</button>
</div>`,
  );
}

/** Whoever was asked whether to sign out comes here, with both answers. */
export function signedOutPage({ stays }: { stays: boolean }): string {
  return stays
    ? page('Still signed in', '<h1>Still signed in</h1>\n<p class="faint">Nothing has changed here. You can close this page.</p>')
    : page(
        'Signed out',
        '<h1>Signed out</h1>\n<p class="faint">Nobody is signed in with this browser any more. You can close this page.</p>',
      );
}

export function errorPage(message: string): string {
  return page(
    'That did not work',
    `<h1>That did not work</h1>\n<p role="alert">${escaped(message)}</p>\n<p class="faint">Go back to where you came from and sign in once more.</p>`,
  );
}
