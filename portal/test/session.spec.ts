import type { Page } from '@playwright/test';
import { expect, test } from './support/fixtures.ts';
import { expectSignedIn, signInAs } from './support/sign-in.ts';

const INPUT = encodeURIComponent(JSON.stringify({ order: 'A-1040', amount: 500 }));
const FORM = `/actions/orders.refund?environment=production&input=${INPUT}`;
const REASON = 'damaged goods, as the customer has shown';

/** Signs somebody in with a browser of their own, so that what is ended here is nobody else's, and fills in half of a form. */
async function fillIn(page: Page): Promise<void> {
  await page.goto(FORM);
  await signInAs(page, 'sven');
  await expectSignedIn(page, 'sven');
  await page.getByRole('textbox', { name: /Reason/ }).fill(REASON);
}

/** As `guichet logout` does elsewhere: the session of this browser is over, and its page does not know. */
async function endSession(page: Page): Promise<void> {
  const me = (await (await page.request.get('/v1/me')).json()) as { csrf: string }; // as Me of the contract says of a session
  const headers = { 'x-guichet-csrf': me.csrf, origin: new URL(page.url()).origin };
  const before = await page.context().cookies();
  expect((await page.request.post('/v1/auth/logout', { headers })).ok()).toBe(true);
  await page.context().addCookies(before); // a session that ended elsewhere leaves its cookie here
}

test.beforeEach(({ complaints }) => complaints.expect(/status of 401/));

test('a session that ends while a form is half filled in takes nothing away: sign in beside it, and go on', async ({
  asNobody: page,
}) => {
  await fillIn(page);
  await endSession(page);
  await page.getByRole('button', { name: /^Review/ }).click();
  const dialog = page.getByRole('dialog', { name: 'Your session has ended' });
  await expect(dialog).toBeVisible();
  const opening = page.waitForEvent('popup');
  await dialog.getByRole('button', { name: 'Sign in again' }).click();
  const popup = await opening;
  // The provider still knows this browser: at most it asks for the password again, and the window ends by itself.
  await Promise.race([popup.waitForEvent('close'), popup.getByText('You are signed in').waitFor()]);
  await expect(dialog).toBeHidden();
  await expect(page.getByRole('textbox', { name: /Reason/ })).toHaveValue(REASON);
  await expect(page).toHaveURL(/orders\.refund/);
});

test('when another person signs in instead, the page is not theirs and has to be loaded again', async ({
  asNobody: page,
  complaints,
}) => {
  await fillIn(page);
  await endSession(page);
  await page.getByRole('button', { name: /^Review/ }).click();
  await expect(page.getByRole('dialog', { name: 'Your session has ended' })).toBeVisible();
  const other = await page.context().newPage();
  complaints.expect(/Scripts may close only the windows/); // a tab of the reader's own stays, and says that it can be closed
  await other.goto('/v1/auth/login?returnTo=/signed-in&account=another');
  await signInAs(other, 'marta');
  const dialog = page.getByRole('dialog', { name: 'Somebody else has signed in with this browser' });
  await expect(dialog).toBeVisible();
  await dialog.getByRole('button', { name: 'Load again' }).click();
  await expectSignedIn(page, 'marta');
});

test('a page never becomes that of another person who has signed in elsewhere in the browser, whatever it asks for', async ({
  asNobody: page,
  complaints,
}) => {
  complaints.expect(/ERR_INTERNET_DISCONNECTED|Failed to fetch/);
  await fillIn(page);
  const other = await page.context().newPage();
  await other.goto('/v1/auth/login?returnTo=/docs/&account=another'); // ends at a page that tells nobody
  await signInAs(other, 'marta');
  await expect(other).toHaveURL(/docs/);
  // Its stream opens anew, and with it all that the page knows is asked for again, by the cookie of the other.
  await page.context().setOffline(true);
  await expect(page.getByText('You are offline.')).toBeVisible();
  await page.context().setOffline(false);
  await expect(page.getByRole('dialog', { name: 'Somebody else has signed in with this browser' })).toBeVisible();
});
