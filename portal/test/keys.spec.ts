import { expect, test } from './support/fixtures.ts';

test('g and a letter lead from page to page; the sheet lists what can be pressed here and anywhere', async ({
  asNadia: page,
}) => {
  await page.goto('/');
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.keyboard.press('g');
  await page.keyboard.press('l');
  await expect(page.getByRole('heading', { level: 1, name: 'Audit log' })).toBeVisible();
  await page.keyboard.press('?');
  const sheet = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  await expect(sheet.getByRole('heading', { name: 'On this page' })).toBeVisible();
  await expect(sheet.getByRole('term').filter({ hasText: 'Search words' })).toBeVisible();
  await expect(sheet.getByRole('term').filter({ hasText: 'Requests' })).toBeVisible();
  // Keys of the page below do nothing while the sheet is open.
  await page.keyboard.press('g');
  await page.keyboard.press('r');
  await expect(sheet).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(sheet).toBeHidden();
  await page.keyboard.press('g');
  await page.keyboard.press('y');
  await expect(page.getByRole('heading', { level: 1, name: 'Policy' })).toBeVisible();
  await page.keyboard.press('?');
  await expect(sheet.getByRole('term').filter({ hasText: 'Search words' })).toBeHidden();
});

test('keys do nothing while somebody types', async ({ asNadia: page }) => {
  await page.goto('/audit');
  await page.getByLabel('Search words').fill('');
  await page.getByLabel('Search words').pressSequentially('gr?/');
  await expect(page.getByLabel('Search words')).toHaveValue('gr?/');
  await expect(page.getByRole('dialog')).toBeHidden();
  await expect(page).toHaveURL(/\/audit/);
  // With Ctrl they do.
  await page.keyboard.press('Control+k');
  await expect(page.getByRole('dialog', { name: 'Search or run' })).toBeVisible();
});

test('single keys can be turned off, for this browser, and the sheet then lists the others alone', async ({ asNadia: page }) => {
  await page.goto('/audit');
  await page.getByRole('row').nth(1).waitFor();
  await page.getByRole('button', { name: 'Account of Nadia Benali' }).click();
  await page.getByRole('menuitemcheckbox', { name: 'Shortcuts of a single key' }).click();
  await page.reload();
  await page.getByRole('row').nth(1).waitFor();
  await page.keyboard.press('?');
  await page.keyboard.press('g');
  await page.keyboard.press('h');
  await page.keyboard.press('/');
  await page.keyboard.press('Control+k');
  await expect(page.getByRole('dialog', { name: 'Search or run' })).toBeVisible();
  await expect(page).toHaveURL('/audit');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Account of Nadia Benali' }).click();
  await page.getByRole('menuitem', { name: 'Keyboard shortcuts' }).click();
  const sheet = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  await expect(sheet.getByRole('term')).toHaveText(['Search or run anything']);
  await sheet.getByRole('checkbox', { name: 'Shortcuts of a single key' }).click();
  await expect(sheet.getByRole('term').filter({ hasText: 'Search words' })).toBeVisible();
});

test('a sequence that goes on otherwise is forgotten', async ({ asNadia: page }) => {
  await page.goto('/audit');
  await page.getByRole('row').nth(1).waitFor();
  await page.keyboard.press('g');
  await page.keyboard.press('x');
  await page.keyboard.press('r');
  await page.keyboard.press('/');
  await expect(page.getByLabel('Search words')).toBeFocused();
  await expect(page).toHaveURL('/audit');
});
