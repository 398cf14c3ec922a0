import type { Page } from '@playwright/test';
import { expect, test } from './support/fixtures.ts';
import { expectSignedIn, signInAs } from './support/sign-in.ts';

/** Puts a tab behind the others: a browser without a screen takes all of them for seen. */
async function putBehind(page: Page): Promise<void> {
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
}

test('eight tabs of one person all work, although a browser opens six connections: one reads the stream for all', async ({
  asNadia: first,
  world,
}) => {
  test.slow(); // eight pages
  const tabs = [first];
  for (let count = 0; count < 8; count++) {
    const page = count === 0 ? first : await first.context().newPage();
    if (count > 0) tabs.push(page);
    await page.goto(`/requests/${world.waiting}`);
    await expect(page.getByRole('list', { name: 'Timeline' }).getByRole('listitem').first()).toBeVisible();
    if (count < 7) await putBehind(page);
  }
  const last = tabs[7] as Page; // eight were opened
  const heard = last.waitForRequest((request) => new URL(request.url()).searchParams.has('requester'));
  await last.goto('/requests?view=mine');
  await heard;
  await first.close(); // whoever read the stream is gone: another tab reads it
  await expect(last.getByText('The gateway cannot be reached')).toBeHidden();
});

test('what is filed in one tab is seen in the others, also once the one that read the stream is closed', async ({
  asNadia: first,
  calls,
}) => {
  await first.goto('/requests');
  await expect(first.getByRole('heading', { level: 1, name: 'Requests' })).toBeVisible();
  const second = await first.context().newPage();
  await second.goto('/requests?view=mine');
  await expect(second.getByRole('heading', { level: 1, name: 'Requests' })).toBeVisible();
  const file = async (reason: string): Promise<string> => {
    const body = { action: 'orders.refund', environment: 'production', input: { order: 'A-1040', amount: 500 }, reason };
    return (await calls.send<{ id: string }>('nadia', 'POST', '/v1/requests', { body })).id;
  };
  const one = await file('seen by the tab that is told');
  await expect(second.getByText(one, { exact: true }).first()).toBeVisible();
  await first.close();
  const other = await file('seen by the tab that reads for itself now');
  await expect(second.getByText(other, { exact: true }).first()).toBeVisible();
});

test('whoever signs out in one tab leaves nothing in another', async ({ asNobody: page, complaints }) => {
  complaints.expect(/status of 401/);
  await page.goto('/requests');
  await signInAs(page, 'sven');
  await expectSignedIn(page, 'sven');
  const other = await page.context().newPage();
  await other.goto('/actions');
  await expectSignedIn(other, 'sven');
  await page.getByRole('button', { name: /^Account of/ }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await expect(page).toHaveURL(/signed-out/);
  await expect(other).toHaveURL(/signed-out/);
});

test('a page that the browser had kept is shown again to whoever it belongs to alone', async ({ asNobody: page, complaints }) => {
  complaints.expect(/status of 401/);
  await page.goto('/requests');
  await signInAs(page, 'sven');
  await expectSignedIn(page, 'sven');
  const showAgain = (): Promise<unknown> =>
    page.evaluate(() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })));
  await showAgain();
  await expectSignedIn(page, 'sven');
  await page.context().clearCookies();
  await showAgain();
  await expect(page.getByLabel('Password')).toBeVisible();
});
