import type { Page } from '@playwright/test';
import { expect, test } from './support/fixtures.ts';

const PG1 = '/postgres/production/pg1';

/** The line of the table that has all of these words. */
const rowWith = (page: Page, text: string) => page.getByRole('row').filter({ hasText: text });

test('lists the instances of every environment, narrows them while one types, and opens one by keyboard', async ({ asNadia }) => {
  await asNadia.goto('/postgres');
  await expect(rowWith(asNadia, 'pg1')).toContainText('production');
  await expect(rowWith(asNadia, 'pg2')).toContainText('staging');
  await asNadia.keyboard.press('/');
  await asNadia.keyboard.type('pg2');
  await expect(rowWith(asNadia, 'pg1')).toHaveCount(0);
  await expect(asNadia).toHaveURL('/postgres?q=pg2');
  await asNadia.getByRole('link', { name: 'pg2', exact: true }).focus();
  await asNadia.keyboard.press('Enter');
  await expect(asNadia).toHaveURL('/postgres/staging/pg2/activity');
  await expect(asNadia.getByRole('heading', { level: 1, name: 'pg2' })).toBeVisible();
});

test('shows live who runs what; who waits, and who holds the others up, is said in words', async ({ asNadia }) => {
  await asNadia.goto(`${PG1}/activity`);
  await expect(rowWith(asNadia, 'orders-migration')).toContainText(/blocks \d/);
  await expect(rowWith(asNadia, 'checkout').first()).toBeVisible();
  const age = rowWith(asNadia, 'orders-migration').getByRole('cell').nth(3);
  const before = await age.textContent();
  await expect(age).not.toHaveText(before ?? '');
  await asNadia.getByRole('button', { name: 'Pause' }).click();
  await expect(asNadia.getByText('Paused')).toBeVisible();
  await asNadia.getByRole('button', { name: 'Go on' }).click();
  await expect(asNadia.getByText('Live', { exact: true })).toBeVisible();
});

test('keeps the focus on a session while the rows are renewed, and shows all of it in a dialog', async ({ asNadia }) => {
  await asNadia.goto(`${PG1}/activity?every=1`);
  await expect(rowWith(asNadia, 'orders-migration')).toBeVisible();
  await asNadia.keyboard.press('j');
  await asNadia.keyboard.press('j');
  const pid = await asNadia.evaluate(() => document.activeElement?.textContent ?? '');
  expect(pid).toMatch(/^\d+$/);
  const answers = { count: 0 };
  asNadia.on('response', (response) => {
    if (response.url().includes('postgres.activity/read')) answers.count += 1;
  });
  await expect.poll(() => answers.count).toBeGreaterThan(2);
  expect(await asNadia.evaluate(() => document.activeElement?.textContent)).toBe(pid);
  await asNadia.keyboard.press('Enter');
  const dialog = asNadia.getByRole('dialog', { name: `Session ${pid}` });
  await expect(dialog).toContainText('Connected');
  await asNadia.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);
});

test('keeps filters in the address, counts groups, and opens a group as its sessions', async ({ asNadia }) => {
  await asNadia.goto(`${PG1}/activity`);
  await asNadia.getByRole('checkbox', { name: 'Waiting only' }).click();
  await expect(asNadia).toHaveURL(/waiting=true/);
  await expect(rowWith(asNadia, 'orders-api')).toHaveCount(0);
  await asNadia.goto(`${PG1}/activity?groupBy=application`);
  await asNadia.getByRole('button', { name: 'checkout', exact: true }).click();
  await expect(asNadia).toHaveURL(/application=checkout/);
  await expect(rowWith(asNadia, 'orders-api')).toHaveCount(0);
  await asNadia.getByRole('button', { name: 'Application: checkout' }).click();
  await expect(rowWith(asNadia, 'orders-api').first()).toBeVisible();
});

test('draws who blocks whom, and asks to end the session that is on the screen', async ({ asNadia }) => {
  await asNadia.goto(`${PG1}/blocking`);
  const culprit = asNadia.getByRole('treeitem', { level: 1 }).filter({ hasText: 'orders-migration' });
  await expect(culprit).toContainText(/\d sessions wait behind it/);
  await expect(asNadia.getByRole('treeitem', { level: 2 }).first()).toContainText('checkout');
  const pid = /\d+/.exec((await culprit.textContent()) ?? '')?.[0] ?? '';
  await culprit.getByRole('button', { name: /^Terminate/ }).click();
  const dialog = asNadia.getByRole('dialog', { name: 'Terminate a session' });
  await expect(dialog).toContainText(`pid ${pid}`);
  await expect(dialog).toContainText('1 approval from team payments');
  await dialog.getByRole('textbox', { name: /Reason/ }).fill('orders are timing out');
  await dialog.getByRole('button', { name: /Ask for approval/ }).click();
  await expect(asNadia).toHaveURL(/\/requests\/REQ-\d+$/);
  await expect(asNadia.getByText(`pid ${pid}`).first()).toBeVisible();
});

test('folds and walks the tree by the arrow keys', async ({ asNadia }) => {
  await asNadia.goto(`${PG1}/blocking`);
  const root = asNadia.getByRole('treeitem', { level: 1 }).first();
  await expect(root).toHaveAttribute('aria-expanded', 'true');
  await root.focus();
  await asNadia.keyboard.press('ArrowDown');
  await expect(asNadia.getByRole('treeitem', { level: 2 }).first()).toBeFocused();
  await asNadia.keyboard.press('ArrowLeft');
  await expect(root).toBeFocused();
  await asNadia.keyboard.press('ArrowLeft');
  await expect(root).toHaveAttribute('aria-expanded', 'false');
  await expect(asNadia.getByRole('treeitem', { level: 2 })).toHaveCount(0);
  await asNadia.keyboard.press('ArrowRight');
  await expect(asNadia.getByRole('treeitem', { level: 2 }).first()).toBeVisible();
});

test('leads from a slow statement to how it is run, as a tree', async ({ asNadia }) => {
  await asNadia.goto(`${PG1}/slow-queries`);
  await asNadia.getByRole('link', { name: /select id, state from shipments/ }).click();
  await expect(asNadia).toHaveURL(/\/explain\?.*queryId=/);
  await expect(asNadia.getByRole('treeitem', { name: /Seq Scan on shipments/ })).toBeVisible();
  await expect(asNadia.getByText(/Reads all .* rows of shipments/)).toBeVisible();
});

test('explains a statement that is typed, and puts nothing of it into the address', async ({ asNadia, complaints }) => {
  complaints.expect(/status of 422/);
  await asNadia.goto(`${PG1}/explain`);
  const statement = asNadia.getByRole('textbox', { name: /Statement/ });
  await statement.fill('select * from customers where id = $1');
  await statement.press('Control+Enter');
  await expect(asNadia.getByRole('tree')).toContainText(/on customers/);
  await expect(asNadia).toHaveURL(`${PG1}/explain`);
  await statement.fill('selec 1');
  await statement.press('Control+Enter');
  await expect(asNadia.getByRole('button', { name: 'Try again' })).toBeVisible();
});

test('draws calls and mean times of statements once there are two samples, and tells them as a table', async ({ asNadia }) => {
  await asNadia.goto(`${PG1}/slow-queries?charts=true`);
  await expect(asNadia.getByRole('img', { name: 'Chart: Calls a second' })).toBeVisible({ timeout: 20_000 });
  await asNadia.getByText('Show as a table').first().click();
  await expect(asNadia.getByRole('table', { name: 'Calls a second' })).toContainText('/s');
  const first = asNadia.getByRole('button', { pressed: true }).first();
  await first.click();
  await expect(asNadia.getByRole('button', { pressed: false }).first()).toBeVisible();
});

test('says what is wrong with a server, the worst first, and opens what mends it, filled in', async ({ asNadia }) => {
  await asNadia.goto(`${PG1}/health`);
  const finding = asNadia.getByRole('listitem').filter({ hasText: 'invalid index' });
  await expect(finding).toBeVisible({ timeout: 20_000 });
  await expect(asNadia.getByRole('main').getByRole('heading', { level: 2 }).first()).toContainText('Critical');
  await finding.getByRole('button', { name: 'Mend…' }).click();
  await expect(asNadia.getByRole('dialog')).toContainText('shipments_by_carrier');
});

test('gives the command that connects, and offers a lease with the server filled in', async ({ asNadia }) => {
  await asNadia.goto('/postgres/staging/pg2/leases');
  await expect(asNadia.getByText('You have no lease here now')).toBeVisible();
  await expect(asNadia.getByText('guichet postgres connect --instance pg2 --database DATABASE --env staging')).toBeVisible();
  await asNadia.getByRole('button', { name: 'Connect…' }).click();
  const dialog = asNadia.getByRole('dialog', { name: 'Connect to a database' });
  await expect(dialog.getByRole('combobox', { name: /Instance/ })).toHaveValue('pg2');
});

test('says of a server that is not there what is wrong and what to do, and goes on asking', async ({ asNadia, complaints }) => {
  complaints.expect(/status of 422/);
  await asNadia.goto('/postgres/production/pg9/activity?every=1');
  await expect(asNadia.getByText(/pg9/).nth(1)).toBeVisible();
  await expect(asNadia.getByRole('button', { name: 'Try again' })).toBeVisible();
  const asked = { count: 0 };
  asNadia.on('request', (request) => {
    if (request.url().includes('postgres.activity/read')) asked.count += 1;
  });
  await expect.poll(() => asked.count).toBeGreaterThan(1);
});
