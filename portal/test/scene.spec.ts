import { expect, test } from './support/fixtures.ts';

/** The main scene: a blocked query, a second person who agrees, the live end, seen by whoever asked without loading anew. */
test('Nadia sees what blocks production, asks to end it, Amine agrees by keyboard, and Nadia sees it end', async ({
  asNadia,
  asAmine,
  complaints,
}) => {
  test.setTimeout(120_000);
  complaints.expect(/ERR_INTERNET_DISCONNECTED/); // what was asked in the instant in which her network goes

  // Nadia looks at the server that orders time out on, and sees who holds what others wait for.
  await asNadia.goto('/postgres');
  await asNadia.getByRole('row').filter({ hasText: 'production' }).getByRole('link', { name: 'pg1' }).click();
  await asNadia.getByRole('link', { name: 'Blocking' }).click();
  const culprit = asNadia.getByRole('treeitem', { name: /orders-migration/ });
  await expect(culprit).toBeVisible();

  // She asks to end it, bound to what is on her screen, and reads what that would do before anything is sent.
  await culprit
    .getByRole('button', { name: /^Terminate/ })
    .first()
    .click();
  const dialog = asNadia.getByRole('dialog');
  await expect(dialog.getByText(/Ends the session of 'orders-migration'/)).toBeVisible();
  await dialog.getByRole('textbox', { name: /Reason/ }).fill('the migration is stuck, orders are timing out');
  await dialog.getByRole('button', { name: 'Ask for approval' }).click();
  await expect(asNadia).toHaveURL(/\/requests\/REQ-\d+$/);
  const id = /REQ-\d+/.exec(asNadia.url())?.[0] ?? '';
  await expect(asNadia.getByText('Waits for 1 approval from team payments')).toBeVisible();

  // Her network goes. What happens meanwhile is not lost.
  await asNadia.context().setOffline(true);
  await expect(asNadia.getByText('You are offline. What you see is how it was.')).toBeVisible();

  // Amine has it in his inbox, reads the plan, and agrees: no hand leaves the keyboard.
  await asAmine.goto('/requests');
  await expect(asAmine.getByRole('row').filter({ hasText: id })).toContainText('orders-migration');
  await expect(asAmine).toHaveTitle(/^\(\d+\) Requests/);
  await asAmine.keyboard.press('j');
  await asAmine.keyboard.press('Enter');
  await expect(asAmine).toHaveURL(new RegExp(`/requests/${id}$`));
  await expect(asAmine.getByText('the migration is stuck, orders are timing out').first()).toBeVisible();
  await expect(asAmine.getByRole('region', { name: 'Your decision' })).toBeVisible();
  await asAmine.keyboard.press('a');
  await asAmine.keyboard.type('go');
  await asAmine.keyboard.press('Control+Enter');
  await expect(asAmine.getByText('It has succeeded.')).toBeVisible();

  // Her network is back: her page goes on where it stood, by itself.
  await asNadia.context().setOffline(false);
  await expect(asNadia.getByText('It has succeeded.')).toBeVisible();
  await expect(asNadia.getByText('Signed by its provider, and verified')).toBeVisible();
  const timeline = asNadia.getByRole('list', { name: 'Timeline' }).getByRole('listitem');
  await expect(timeline.filter({ hasText: 'Amine Diallo approved' })).toHaveCount(1);
  await expect(timeline.filter({ hasText: 'Succeeded' })).toHaveCount(1);
});
