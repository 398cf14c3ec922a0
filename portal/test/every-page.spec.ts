import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, test } from './support/fixtures.ts';
import { PAGES } from './support/pages.ts';
import { settled } from './support/settled.ts';
import { tabStops } from './support/tab-stops.ts';

const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/** What axe finds, short enough to be read. */
async function findings(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).withTags(WCAG).analyze();
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${String(target)}: ${failureSummary?.replace(/\s+/g, ' ')}`),
  );
}

async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const [whole, seen] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  expect(whole, 'the width of the page at 390 px').toBeLessThanOrEqual(seen ?? 0);
}

// Two looks of axe and a walk: long on a machine that does other things too.
test.describe.configure({ timeout: 90_000 });

for (const { name, path, heading, as = 'nadia' } of PAGES) {
  test(`${name}: opens, holds WCAG 2.2 AA in both themes, fits a phone, and is walked through by Tab`, async ({
    open,
    world,
  }) => {
    const page = await open(as);
    await page.goto(typeof path === 'string' ? path : path(world));
    const first = page.getByRole('heading', { level: 1, name: typeof heading === 'function' ? heading(world) : heading });
    await expect(first).toBeVisible();
    await settled(page);
    expect.soft(await findings(page), 'light').toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
    expect.soft(await findings(page), 'dark').toEqual([]);
    const { reached, unseen, missed } = await tabStops(page);
    expect.soft(reached.length).toBeGreaterThan(0);
    expect.soft(unseen, 'reached, but the focus is not seen').toEqual([]);
    expect.soft(missed, 'never reached by Tab').toEqual([]);
    await page.setViewportSize({ width: 390, height: 844 });
    await expect(first).toBeVisible();
    await expectNoSidewaysScroll(page);
  });
}
