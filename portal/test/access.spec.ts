import { expect, test } from './support/fixtures.ts';
import { panel } from './support/panel.ts';
import { expectSignedIn, signInAs } from './support/sign-in.ts';

test('makes a token that reaches what was chosen, shows it once, and revokes it', async ({ asNadia, company, playwright }) => {
  await asNadia.goto('/access');
  await asNadia.getByRole('button', { name: 'New token' }).click();
  const dialog = asNadia.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Make the token' }).click();
  await expect(dialog.getByText('Give it a name.')).toBeVisible();
  await expect(dialog.getByRole('alert')).toContainText('Choose at least one action or environment');
  await dialog.getByLabel('Name').fill('nightly report');
  const actions = dialog.getByRole('combobox', { name: 'Actions' });
  await actions.fill('orders.li');
  await asNadia.getByRole('option', { name: 'orders.list' }).click();
  // Escape closes the list of actions; what was chosen stays, so that the token is no wider than it looks.
  await asNadia.keyboard.press('Escape');
  await dialog.getByRole('checkbox', { name: 'staging' }).click();
  await dialog.getByRole('button', { name: 'Make the token' }).click();
  await expect(asNadia.getByRole('dialog', { name: 'The token is made' })).toContainText('orders.list · staging');
  const secret = (await asNadia.getByRole('group', { name: 'The token' }).textContent()) ?? '';
  expect(secret).toMatch(/^gct_u_/);

  const caller = await playwright.request.newContext({
    baseURL: company.url,
    extraHTTPHeaders: { authorization: `Bearer ${secret}` },
  });
  const me = await caller.get('/v1/me');
  expect(await me.json()).toMatchObject({
    principal: { id: 'user:nadia', scope: { actions: ['orders.list'], environments: ['staging'] } },
  });

  await asNadia.getByRole('button', { name: 'I have stored it' }).click();
  expect(await asNadia.content()).not.toContain(secret);
  expect(await asNadia.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }))).not.toContain(secret);
  await asNadia.getByRole('button', { name: 'Revoke nightly report' }).click();
  await asNadia.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await expect(asNadia.getByRole('row').filter({ hasText: 'nightly report' })).toContainText('Revoked');
  expect((await caller.get('/v1/me')).status()).toBe(401);
  await caller.dispose();
});

test('signs out another browser, and not this one', async ({ asNadia, asNobody, complaints }) => {
  complaints.expect(/401/);
  await asNobody.goto('/access');
  await signInAs(asNobody, 'nadia');
  await expectSignedIn(asNobody, 'nadia');
  await asNadia.goto('/access');
  const sessions = panel(asNadia, 'Where I am signed in').getByRole('row');
  // The newest is the first of them.
  const other = sessions.nth(1);
  await expect(other).not.toContainText('this one');
  await other.getByRole('button', { name: /^Sign out/ }).click();
  await asNadia.getByRole('dialog').getByRole('button', { name: 'Sign out', exact: true }).click();
  await expect(asNadia.getByText('Signed out')).toBeVisible();
  await asNobody.getByRole('link', { name: 'Teams' }).click();
  await expect(asNobody.getByText('Your session has ended')).toBeVisible();
  await asNadia.reload();
  await expectSignedIn(asNadia, 'nadia');
});
