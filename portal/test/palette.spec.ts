import { typeAndEnterAtOnce } from './support/fast-fingers.ts';
import { expect, test } from './support/fixtures.ts';

const label = 'Search or run';

test('leads to an action by a few letters, with the keyboard alone', async ({ asNadia: page }) => {
  await page.goto('/');
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.keyboard.press('Control+k');
  const field = page.getByRole('combobox', { name: label });
  await expect(field).toBeFocused();
  await page.keyboard.type('terminate a ses');
  const first = page.getByRole('option').first();
  await expect(first).toContainText('postgres.terminate-session');
  await expect(first).toHaveAttribute('aria-selected', 'true');
  // What the field points at is what is marked.
  await expect(field).toHaveAttribute('aria-activedescendant', (await first.getAttribute('id')) ?? '');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL('/actions/postgres.terminate-session');
  await expect(page.getByRole('dialog')).toBeHidden();
});

test('is opened by its button too, goes round by the arrows, and Escape gives the focus back', async ({ asNadia: page }) => {
  await page.goto('/');
  const button = page.getByRole('button', { name: label });
  await button.click();
  const options = page.getByRole('option');
  await expect(options.first()).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.press('ArrowUp');
  await expect(options.last()).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.press('ArrowDown');
  await expect(options.first()).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();
  await expect(button).toBeFocused();
});

test('narrows to actions, requests and people by the sign that comes first', async ({ asNadia: page, calls }) => {
  const { id } = await calls.send<{ id: string }>('nadia', 'POST', '/v1/requests', {
    body: {
      action: 'orders.refund',
      environment: 'production',
      input: { order: 'A-1043', amount: 110 },
      reason: 'for the palette',
    },
  });
  await page.goto('/');
  await page.getByRole('button', { name: label }).click();
  const field = page.getByRole('combobox', { name: label });
  const groups = page.getByRole('listbox', { name: 'Results' }).getByRole('group');
  await field.fill('@am');
  await expect(groups).toHaveCount(1);
  await expect(page.getByRole('group', { name: 'People' })).toContainText('Amine Diallo');
  await field.fill('>refund');
  await expect(page.getByRole('group', { name: 'Actions' })).toContainText('orders.refund');
  await field.fill(`#${id.replace('REQ-', '')}`);
  await expect(page.getByRole('option').first()).toContainText(id);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(`/requests/${id}`);
});

test('leads to a request by its number, however old it is, and to services and teams', async ({ asNadia: page }) => {
  await page.goto('/');
  await page.getByRole('button', { name: label }).click();
  const field = page.getByRole('combobox', { name: label });
  await field.fill('4711');
  await expect(page.getByRole('option').first()).toContainText('REQ-4711');
  await field.fill('ledger');
  await expect(page.getByRole('group', { name: 'Services' })).toContainText('ledger');
  await field.fill('payments');
  await page.getByRole('group', { name: 'Teams' }).getByRole('option').first().click();
  await expect(page).toHaveURL('/teams/payments');
});

test('shows what was used lately first, for the person who used it', async ({ asNadia: page }) => {
  await page.goto('/');
  for (const place of ['Audit', 'Policy']) {
    await page.getByRole('button', { name: label }).click();
    await page.getByRole('combobox', { name: label }).fill(place);
    await page.getByRole('group', { name: 'Pages' }).getByRole('option', { name: place }).click();
    await expect(page.getByRole('dialog')).toBeHidden();
  }
  await page.getByRole('button', { name: label }).click();
  const recent = page.getByRole('group', { name: 'Recent' }).getByRole('option');
  await expect(recent).toHaveText([/^Policy/, /^Audit/]);
});

test('goes by what was typed when Enter comes before the list', async ({ asNadia: page }) => {
  await page.goto('/');
  await page.getByRole('button', { name: label }).click();
  const field = page.getByRole('combobox', { name: label });
  await expect(page.getByRole('option').first()).toBeVisible();
  await typeAndEnterAtOnce(field, 'theme dark');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
});

test('does what is no page: another theme, the sheet of keys; and says when nothing fits', async ({ asNadia: page }) => {
  await page.goto('/');
  await page.getByRole('button', { name: label }).click();
  const field = page.getByRole('combobox', { name: label });
  await field.fill('theme dark');
  await page.keyboard.press('Enter');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await page.getByRole('button', { name: label }).click();
  await field.fill('xyzzy quux');
  await expect(page.getByText('Nothing fits')).toBeVisible();
  await expect(field).toHaveAttribute('aria-expanded', 'false');
  await field.fill('keyboard shortcuts');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible();
});

test('fits on a phone', async ({ asNadia: page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto('/');
  await page.getByRole('button', { name: label }).click();
  await page.getByRole('combobox', { name: label }).fill('s');
  await expect(page.getByRole('option').first()).toBeInViewport();
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0);
});
