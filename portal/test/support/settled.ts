import { expect, type Page } from '@playwright/test';

/** Waits until a page shows what it has asked for: no rows of nothing are left. */
export async function settled(page: Page): Promise<void> {
  await expect(page.getByRole('status', { name: 'Loading' })).toHaveCount(0);
  await page.evaluate(() => document.fonts.ready.then(() => undefined));
}
