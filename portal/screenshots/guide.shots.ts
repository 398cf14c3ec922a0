import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import { expect, test } from '../test/support/fixtures.ts';
import { settled } from '../test/support/settled.ts';

const FOLDER = fileURLToPath(new URL('../../docs/guide/console', import.meta.url));
const PHONE = { width: 390, height: 844 };

interface Shot {
  readonly name: string;
  readonly theme?: 'light' | 'dark';
  readonly size?: { readonly width: number; readonly height: number };
}

async function shoot(page: Page, { name, theme = 'light', size }: Shot): Promise<void> {
  if (size !== undefined) await page.setViewportSize(size);
  await page.emulateMedia({ colorScheme: theme });
  await settled(page);
  await page.mouse.move(0, 0); // nothing is pointed at
  await page.screenshot({ path: `${FOLDER}/${name}.png`, animations: 'disabled', caret: 'hide' });
}

test('the main scene, step by step', async ({ asNadia, asAmine }) => {
  await asNadia.goto('/postgres/production/pg1/blocking');
  const culprit = asNadia.getByRole('treeitem', { name: /orders-migration/ });
  await expect(culprit).toBeVisible();
  await shoot(asNadia, { name: 'scene-1-blocking' });

  await asNadia.goto('/postgres/production/pg1/activity');
  await expect(asNadia.getByRole('cell', { name: 'orders-migration' }).first()).toBeVisible();
  await shoot(asNadia, { name: 'activity', theme: 'dark' });

  await asNadia.goto('/postgres/production/pg1/blocking');
  await culprit
    .getByRole('button', { name: /^Terminate/ })
    .first()
    .click();
  const dialog = asNadia.getByRole('dialog');
  await dialog.getByRole('textbox', { name: /Reason/ }).fill('migration stuck, orders are timing out');
  await expect(dialog.getByText(/Ends the session of 'orders-migration'/)).toBeVisible();
  await shoot(asNadia, { name: 'scene-2-plan' });
  await dialog.getByRole('button', { name: 'Ask for approval' }).click();
  await expect(asNadia).toHaveURL(/\/requests\/REQ-\d+$/);
  const path = new URL(asNadia.url()).pathname;

  await asAmine.goto('/');
  await expect(asAmine.getByRole('heading', { name: 'Waiting for you' })).toBeVisible();
  await shoot(asAmine, { name: 'home' });
  await shoot(asAmine, { name: 'phone-home', theme: 'dark', size: PHONE });

  await asAmine.setViewportSize({ width: 1440, height: 900 });
  await asAmine.goto(path);
  await expect(asAmine.getByRole('region', { name: 'Your decision' })).toBeVisible();
  await shoot(asAmine, { name: 'phone-request', size: PHONE });
  await asAmine.setViewportSize({ width: 1440, height: 900 });
  await asAmine.keyboard.press('a');
  await asAmine.keyboard.type('go');
  await shoot(asAmine, { name: 'scene-3-decision', theme: 'dark' });
  await asAmine.keyboard.press('Control+Enter');

  await expect(asNadia.getByText('It has succeeded.')).toBeVisible();
  await shoot(asNadia, { name: 'scene-4-end' });
});

const PAGES: readonly (Shot & { readonly path: string; readonly as?: 'sven' })[] = [
  { name: 'actions', path: '/actions' },
  { name: 'slow-queries', path: '/postgres/production/pg1/slow-queries' },
  { name: 'health', path: '/postgres/production/pg1/health' },
  { name: 'audit', path: '/audit', theme: 'dark' },
  { name: 'policy-explain', path: '/policy/explain?action=orders.refund&environment=production' },
  { name: 'environment', path: '/environments/production', theme: 'dark' },
  { name: 'service', path: '/services/orders' },
  { name: 'provider', path: '/providers/postgres', as: 'sven' },
];

for (const { path, as, ...shot } of PAGES)
  test(`the page ${path}`, async ({ open }) => {
    const page = await open(as ?? 'nadia');
    await page.goto(path);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await shoot(page, shot);
  });

test('an action, filled in and reviewed', async ({ asNadia }) => {
  const input = encodeURIComponent(JSON.stringify({ order: 'A-1043', amount: 1250 }));
  await asNadia.goto(`/actions/orders.refund?environment=production&input=${input}&reason=damaged%20goods`);
  await asNadia.getByRole('button', { name: 'Review' }).click();
  await expect(asNadia.getByText(/Refund 12.50 EUR/).first()).toBeVisible();
  await shoot(asNadia, { name: 'action' });
});

test('an event with its proof, checked in the browser', async ({ asNadia, world }) => {
  await asNadia.goto(`/audit/${world.event}`);
  await expect(asNadia.getByRole('heading', { level: 1 })).toBeVisible();
  await shoot(asNadia, { name: 'proof' });
});

test('the palette', async ({ asNadia }) => {
  await asNadia.goto('/');
  await expect(asNadia.getByRole('heading', { name: 'Mine in flight' })).toBeVisible();
  await settled(asNadia);
  await asNadia.keyboard.press('Control+k');
  await asNadia.getByRole('combobox').fill('cancel');
  await shoot(asNadia, { name: 'palette', theme: 'dark' });
});
