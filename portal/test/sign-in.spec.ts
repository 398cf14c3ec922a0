import { expect, test } from './support/fixtures.ts';
import { expectSignedIn, signInAs } from './support/sign-in.ts';

/** What Chromium itself writes about the answer 401 to the first question, who is signed in. */
const NOBODY_YET = /status of 401/;

test('whoever is not signed in is sent to the accounts of the company, and back to what they asked for', async ({
  asNobody: page,
  complaints,
}) => {
  complaints.expect(NOBODY_YET);
  await page.goto('/requests?view=mine');
  await signInAs(page, 'nadia');
  await expect(page).toHaveURL('/requests?view=mine');
  await expect(page.getByRole('heading', { level: 1, name: 'Requests' })).toBeVisible();
  await expectSignedIn(page, 'nadia');
});

test('signs out: the page after it says so, and nothing can be asked any more', async ({ asNobody: page, complaints }) => {
  complaints.expect(NOBODY_YET);
  await page.goto('/');
  await signInAs(page, 'marta');
  await page.getByRole('button', { name: 'Account of' }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await expect(page).toHaveURL('/v1/auth/signed-out');
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  expect((await page.request.get('/v1/me')).status()).toBe(401);
});

test('a sign-in that is given up says so, and offers to begin again', async ({ asNobody: page, complaints }) => {
  complaints.expect(/status of 40[013]/);
  await page.goto('/requests');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('link', { name: 'Sign in again' }).click();
  await signInAs(page, 'sven');
  await expect(page).toHaveURL('/requests');
});
