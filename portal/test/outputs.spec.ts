import { readFile } from 'node:fs/promises';
import { expect, test } from './support/fixtures.ts';

const SETTINGS = '/postgres/production/pg1/settings?all=true';

test('filters rows as one types, sorts by a heading, and shows all of a row in a dialog', async ({ asNadia }) => {
  await asNadia.goto(SETTINGS);
  const table = asNadia.getByRole('table');
  await expect(table.getByRole('row').nth(1)).toBeVisible();
  await asNadia.getByRole('searchbox', { name: 'Filter rows' }).fill('max_connections');
  await expect(table.getByRole('row')).toHaveCount(2);
  await asNadia.getByRole('searchbox', { name: 'Filter rows' }).fill('');
  const heading = table.getByRole('columnheader').first();
  await heading.getByRole('button').click();
  await expect(heading).toHaveAttribute('aria-sort', 'ascending');
  await heading.getByRole('button').click();
  await expect(heading).toHaveAttribute('aria-sort', 'descending');
  await table.getByRole('row').nth(1).getByRole('button').click();
  await expect(asNadia.getByRole('dialog', { name: 'Row' })).toBeVisible();
});

test('walks through hundreds of rows by keyboard, of which only those in sight are in the page', async ({ asNadia }) => {
  await asNadia.goto(SETTINGS);
  const table = asNadia.getByRole('table');
  await expect(table.getByRole('row').nth(1)).toBeVisible();
  const rows = Number(await table.getAttribute('aria-rowcount'));
  expect(rows).toBeGreaterThan(200);
  expect(await table.getByRole('row').count()).toBeLessThan(100);
  await asNadia.keyboard.press('j');
  await asNadia.keyboard.press('End');
  await expect(table.locator(`tr[aria-rowindex="${rows}"] button`)).toBeFocused();
  await asNadia.keyboard.press('Home');
  await expect(table.locator('tr[aria-rowindex="2"] button')).toBeFocused();
});

test('saves rows as CSV and copies them as JSON', async ({ asNadia }) => {
  await asNadia.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await asNadia.goto(SETTINGS);
  await asNadia.getByRole('searchbox', { name: 'Filter rows' }).fill('max_connections');
  await expect(asNadia.getByRole('table').getByRole('row')).toHaveCount(2);
  await asNadia.getByRole('button', { name: 'Copy or download' }).click();
  const saved = asNadia.waitForEvent('download');
  await asNadia.getByRole('menuitem', { name: 'Download as CSV' }).click();
  const file = await saved;
  expect(file.suggestedFilename()).toBe('postgres.settings-pg1.csv');
  expect(await readFile(await file.path(), 'utf8')).toMatch(/max_connections/);
  await asNadia.getByRole('button', { name: 'Copy or download' }).click();
  await asNadia.getByRole('menuitem', { name: 'Copy as JSON' }).click();
  await expect(asNadia.getByText(/^Copied: 1 row/).first()).toBeVisible();
  const copied: unknown = JSON.parse(await asNadia.evaluate(() => navigator.clipboard.readText()));
  expect(copied).toHaveLength(1);
});

test('says so when the browser does not let the page copy, as over plain HTTP', async ({ asNadia }) => {
  await asNadia.addInitScript(() => Object.defineProperty(navigator, 'clipboard', { value: undefined }));
  await asNadia.goto('/postgres/production/pg1/blocking');
  const button = asNadia.getByRole('list', { name: 'Notes' }).getByRole('button', { name: 'Copy the command' }).first();
  await button.click();
  await expect(asNadia.getByText('Not copied: the browser did not let this page').first()).toBeVisible();
  await expect(button).toHaveAccessibleName('Copy the command');
});

test('gives a command in a note a button that copies it', async ({ asNadia }) => {
  await asNadia.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await asNadia.goto('/postgres/production/pg1/blocking');
  const note = asNadia.getByRole('list', { name: 'Notes' });
  await note.getByRole('button', { name: 'Copy the command' }).first().click();
  expect(await asNadia.evaluate(() => navigator.clipboard.readText())).toMatch(
    /^guichet postgres terminate-session --instance pg1/,
  );
});

test('draws the record of a request that has run by its fields', async ({ asNadia, world }) => {
  await asNadia.goto(`/requests/${world.done}`);
  const result = asNadia.getByRole('heading', { level: 2, name: 'Result' });
  await expect(result).toBeVisible();
  await expect(asNadia.locator('section').filter({ has: result }).getByRole('term').first()).toBeVisible();
});
