import type { Locator, Page } from '@playwright/test';

/** A part of a page, by its heading. */
export const panel = (page: Page, title: string | RegExp): Locator =>
  page.locator('section').filter({ has: page.getByRole('heading', { level: 2, name: title }) });
