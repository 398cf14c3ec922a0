import { Browser, type Credentials, type Page } from './browser.ts';

/**
 * Somebody with a browser, who opens the page that a command line shows, signs in where they are asked to, looks at what
 * asks, and answers. Gives the last page.
 */
export async function answerCommandLine(
  url: string,
  { browser = new Browser(), decision = 'Allow', ...who }: Credentials & { browser?: Browser; decision?: 'Allow' | 'Deny' },
): Promise<Page> {
  await browser.open(url);
  if (browser.isAtSignIn) await browser.signIn(who);
  return browser.submit({ button: decision });
}

/** The address that a command line shows for a device flow. */
export function deviceUrlIn(said: string): string | undefined {
  return /https?:\/\/\S+\/device\?user_code=[A-Z0-9-]+/.exec(said)?.[0];
}
