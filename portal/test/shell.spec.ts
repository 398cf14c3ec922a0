import { expect, test } from './support/fixtures.ts';

test('the first stop of Tab skips the navigation', async ({ asNadia: page }) => {
  await page.goto('/requests');
  await expect(page.getByRole('heading', { level: 1, name: 'Requests' })).toBeVisible();
  await page.keyboard.press('Tab');
  const skip = page.getByRole('link', { name: 'Skip to the page' });
  await expect(skip).toBeFocused();
  await expect(skip).toBeInViewport();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('main')).toBeFocused();
});

test('an address that is no page says so, in the console, and leads home', async ({ asNadia: page }) => {
  await page.goto('/no/such/page');
  await expect(page.getByRole('heading', { level: 1, name: 'There is no such page' })).toBeVisible();
  await page.getByRole('main').getByRole('link', { name: 'Go home' }).click();
  await expect(page).toHaveURL('/');
});

test('whoever goes offline is told, and that it is over too', async ({ asNadia: page, complaints }) => {
  complaints.expect(/ERR_INTERNET_DISCONNECTED|Failed to fetch/);
  await page.goto('/requests');
  await expect(page.getByRole('heading', { level: 1, name: 'Requests' })).toBeVisible();
  await page.context().setOffline(true);
  const note = page.getByText('You are offline. What you see is how it was.');
  await expect(note).toBeVisible();
  await page.context().setOffline(false);
  await expect(note).toBeHidden();
});

test('at 390 pixels the navigation is behind a button, and covers nothing once one has gone somewhere', async ({
  asNadia: page,
}) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto('/');
  const navigation = page.getByRole('navigation', { name: 'Main navigation' });
  await expect(navigation).toBeHidden();
  await page.getByRole('button', { name: 'Open navigation' }).click();
  await navigation.getByRole('link', { name: 'Requests' }).click();
  await expect(page).toHaveURL(/\/requests/);
  await expect(navigation).toBeHidden();
});

test('what a button is called is told to whoever reaches it by Tab or points at it, until Escape', async ({ asNadia: page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto('/');
  const button = page.getByRole('button', { name: 'Open navigation' });
  const told = page.getByText('Open navigation', { exact: true });
  await expect(button).toBeVisible();
  await expect(told).toHaveCount(0);
  await button.hover();
  await expect(told).toBeVisible();
  await page.mouse.move(200, 500);
  await expect(told).toHaveCount(0);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await expect(button).toBeFocused();
  await expect(told).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(told).toHaveCount(0);
});
