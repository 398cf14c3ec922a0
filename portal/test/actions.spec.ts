import { AxeBuilder } from '@axe-core/playwright';
import type { Request } from '@guichet/contract';
import type { Page } from '@playwright/test';
import { typeAndEnterAtOnce } from './support/fast-fingers.ts';
import { expect, test } from './support/fixtures.ts';
import type { GatewayCalls } from './support/gateway-calls.ts';

/** Requests of an action, by the reason that a test gave. */
async function filedFor(calls: GatewayCalls, reason: string): Promise<readonly Request[]> {
  const { items } = await calls.send<{ items: Request[] }>('nadia', 'GET', '/v1/requests?requester=me&limit=100');
  return items.filter((request) => request.reason === reason);
}

const rulesBroken = async (page: Page) =>
  (await new AxeBuilder({ page }).include('main').withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze())
    .violations;

const title = (page: Page, name: string) => page.getByRole('heading', { level: 1, name });
const plan = (page: Page) => page.getByRole('group', { name: 'What will happen' });

async function openRefund(page: Page): Promise<void> {
  await page.goto('/actions/orders.refund?environment=production');
  await expect(title(page, 'Refund an order')).toBeVisible();
}

test('the catalogue is searched while one types, and walked through and opened by keys', async ({ asNadia: page }) => {
  await page.goto('/actions');
  await expect(page.getByRole('row', { name: /Refund an order/ })).toBeVisible();
  await page.keyboard.press('/');
  await page.keyboard.type('refu');
  await expect(page).toHaveURL(/search=refu/);
  await expect(page.getByRole('row').nth(1)).toContainText('orders.refund');
  await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('row').nth(1).getByRole('link')).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(title(page, 'Refund an order')).toBeVisible();
});

test('Enter opens what fits what was typed, when it comes before the list', async ({ asNadia: page }) => {
  await page.goto('/actions');
  await expect(page.getByRole('row', { name: /Refund an order/ })).toBeVisible();
  await typeAndEnterAtOnce(page.getByRole('searchbox', { name: 'Search actions' }), 'refund');
  await expect(title(page, 'Refund an order')).toBeVisible();
});

test('what the catalogue shows stands in its address', async ({ asNadia: page }) => {
  await page.goto('/actions?kind=read&provider=orders');
  await expect(page.getByRole('row')).toHaveCount(2); // one action, below the head
  await expect(page.getByRole('row').nth(1)).toContainText('orders.list');
  await page.getByRole('combobox', { name: 'Kind' }).click();
  await page.getByRole('option', { name: 'write' }).click();
  await expect(page).toHaveURL(/kind=write/);
  await expect(page.getByRole('row', { name: /Refund an order/ })).toBeVisible();
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await expect(page).toHaveURL('/actions');
  await page.goto('/actions?search=no+such+thing');
  await expect(page.getByText('No action fits')).toBeVisible();
});

test('keeps favourites, and what was opened last, by name alone', async ({ asNadia: page }) => {
  await openRefund(page);
  await page.getByRole('combobox', { name: 'Order' }).fill('A-1042');
  await page.getByRole('combobox', { name: 'Order' }).press('Tab');
  await page.getByRole('button', { name: 'Keep Refund an order as a favourite' }).click();
  await page.goto('/actions?only=favourites');
  await expect(page.getByRole('row')).toHaveCount(2);
  await page.goto('/actions?only=recent');
  await expect(page.getByRole('row', { name: /Refund an order/ })).toBeVisible();
  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage }));
  expect(kept).toContain('orders.refund');
  expect(kept).not.toContain('A-1042');
});

test('a read is filled in with live choices, run by a key, and its answer is drawn', async ({ asNadia: page }) => {
  await page.goto('/actions/postgres.blocking?environment=production');
  await page.getByRole('combobox', { name: 'Instance' }).click();
  await expect(page.getByRole('option', { name: /pg1/ })).toBeVisible();
  await page.keyboard.type('pg1');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('combobox', { name: 'Instance' })).toHaveValue('pg1');
  await page.keyboard.press('Control+Enter');
  await expect(page.getByRole('heading', { name: 'Answer' })).toBeVisible();
  await expect(page.getByText(/took \d/)).toBeVisible();
  await expect(page.getByText('orders-migration').first()).toBeVisible();
  await page.getByRole('combobox', { name: 'Refresh' }).click();
  await page.getByRole('option', { name: 'every 2 s' }).click();
  const again = await page.waitForResponse((response) => response.url().endsWith('/v1/actions/postgres.blocking/read'));
  expect(again.status()).toBe(200);
});

test('tells what is wrong when a field is left or all is to be sent, not while one types', async ({ asNadia: page }) => {
  await openRefund(page);
  const amount = page.getByRole('textbox', { name: 'Amount' });
  await amount.fill('12,5');
  await expect(page.getByText('It must be a whole number')).toBeHidden();
  await amount.press('Tab');
  await expect(page.getByText('It must be a whole number')).toBeVisible();
  await page.keyboard.press('Control+Enter');
  await expect(page.getByRole('combobox', { name: 'Order' })).toBeFocused();
  await expect(page.getByRole('combobox', { name: 'Order' })).toHaveAccessibleDescription(/It is required/);
  await amount.fill('1250');
  await expect(page.getByText('It must be a whole number')).toBeHidden();
});

test('what the provider refuses stands where it was asked for', async ({ asNadia: page, complaints }) => {
  complaints.expect(/status of 4\d\d/);
  await openRefund(page);
  await page.getByRole('combobox', { name: 'Order' }).fill('A-9999');
  await page.getByRole('combobox', { name: 'Order' }).press('Tab');
  await page.getByRole('textbox', { name: 'Amount' }).fill('100');
  await page.getByRole('button', { name: 'Review' }).click();
  await expect(page.getByRole('alert')).toContainText('A-9999');
  await expect(plan(page)).toBeHidden();
});

test('shows what would happen and who decides before anything is sent; a double click files one request', async ({
  asNadia: page,
  calls,
}) => {
  const reason = 'parcel arrived broken, seen by support';
  await openRefund(page);
  await page.getByRole('button', { name: 'Refund 12.50 of an order' }).click();
  await page.getByRole('textbox', { name: 'Reason' }).fill(reason);
  await page.getByRole('button', { name: 'Review' }).click();
  await expect(plan(page)).toContainText('Refund 12.50 EUR of order A-1042 to Maya Lindqvist');
  await expect(plan(page)).toContainText('1 approval from team payments');
  await expect(plan(page)).toContainText('destructive-needs-owner');
  await expect(plan(page)).toBeFocused();
  expect(await filedFor(calls, reason)).toEqual([]);
  await page.getByRole('button', { name: 'Ask for approval' }).dblclick();
  await expect(page).toHaveURL(/\/requests\/REQ-\d+/);
  await expect(title(page, 'Refund 12.50 EUR of order A-1042')).toBeVisible();
  expect(await filedFor(calls, reason)).toHaveLength(1);
});

test('breaks no rule of accessibility, in light and dark, on a phone too', async ({ asNadia: page }) => {
  test.slow(); // eight looks at whole pages
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    for (const width of [1440, 390]) {
      await page.setViewportSize({ width, height: 900 });
      await page.goto('/actions');
      await expect(page.getByRole('row').nth(2)).toBeVisible();
      expect((await rulesBroken(page)).map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
      await openRefund(page);
      await page.getByRole('button', { name: 'Refund 12.50 of an order' }).click();
      await page.getByRole('button', { name: 'Review' }).click();
      await expect(plan(page)).toBeVisible();
      // Scrolled to the plan, a button is half below the head of the page, and so counts as too small.
      await page.evaluate(() => scrollTo(0, 0));
      expect((await rulesBroken(page)).map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    }
  }
});

test('asks for the reason that an approver needs', async ({ asNadia: page }) => {
  await openRefund(page);
  await page.getByRole('button', { name: 'Refund 12.50 of an order' }).click();
  await page.getByRole('button', { name: 'Review' }).click();
  await page.getByRole('button', { name: 'Ask for approval' }).click();
  await expect(page.getByRole('textbox', { name: 'Reason' })).toHaveAccessibleDescription(/This needs an approval: say why/);
  await expect(page).toHaveURL(/\/actions\//);
});

test('a cut while it is sent files nothing twice', async ({ asNadia: page, calls, complaints }) => {
  complaints.expect(/ERR_FAILED/);
  const reason = 'sent through a bad network';
  await openRefund(page);
  await page.getByRole('button', { name: 'Refund 12.50 of an order' }).click();
  await page.getByRole('textbox', { name: 'Reason' }).fill(reason);
  await page.getByRole('button', { name: 'Review' }).click();
  await expect(plan(page)).toBeVisible();
  // The gateway gets it; its answer is lost.
  await page.route(
    '**/v1/requests',
    async (route) => {
      await route.fetch();
      await route.abort();
    },
    { times: 1 },
  );
  await page.getByRole('button', { name: 'Ask for approval' }).click();
  await expect(page).toHaveURL(/\/requests\/REQ-\d+/);
  expect(await filedFor(calls, reason)).toHaveLength(1);
});

test('a plan that has changed meanwhile is shown as a difference, and asked about again', async ({
  asNadia: page,
  calls,
  complaints,
}) => {
  complaints.expect(/status of 409/);
  const reason = 'the second half of it';
  await page.goto(
    `/actions/orders.refund?environment=production&reason=${encodeURIComponent(reason)}&input=${encodeURIComponent('{"order":"A-1044","amount":100}')}`,
  );
  await page.getByRole('button', { name: 'Review' }).click();
  await expect(plan(page)).toBeVisible();
  const { id } = await calls.send<Request>('nadia', 'POST', '/v1/requests', {
    body: { action: 'orders.refund', environment: 'production', reason: 'first', input: { order: 'A-1044', amount: 50 } },
  });
  await calls.send('amine', 'POST', `/v1/requests/${id}/approve`, { body: {} });
  await expect
    .poll(async () => (await calls.send<Request>('nadia', 'GET', `/v1/requests/${id}`)).state, { timeout: 15_000 })
    .toBe('succeeded');
  await page.getByRole('button', { name: 'Ask for approval' }).click();
  await expect(page.getByText('The plan has changed while you looked at it')).toBeVisible();
  await expect(page.getByRole('deletion').first()).toBeVisible();
  await expect(page.getByRole('insertion').first()).toBeVisible();
  expect(await filedFor(calls, reason)).toEqual([]);
  await page.getByRole('button', { name: 'Ask for approval' }).click();
  await expect(page).toHaveURL(/\/requests\/REQ-\d+/);
});

test('the command and the call that do the same follow the form', async ({ asNadia: page }) => {
  await page.goto('/actions/orders.hold?environment=production');
  await page.getByRole('combobox', { name: 'Order' }).fill("A-10'44");
  await page.getByRole('combobox', { name: 'Order' }).press('Tab');
  await page.getByRole('textbox', { name: 'Reason' }).fill('looks like fraud');
  await page.getByRole('textbox', { name: 'For a while' }).fill('2h');
  await expect(page.getByRole('group', { name: 'Command line' })).toHaveText(
    `guichet orders hold --order 'A-10'\\''44' --env production --reason 'looks like fraud' --for 2h`,
  );
  await expect(page.getByRole('group', { name: 'HTTP' })).toContainText('Bearer $GUICHET_TOKEN');
  await expect(page.getByRole('group', { name: 'HTTP' })).toContainText('"lastsSeconds": 7200');
});

test('asks before a form that was filled in is left', async ({ asNadia: page }) => {
  await openRefund(page);
  await page.getByRole('combobox', { name: 'Order' }).fill('A-1042');
  await page.getByRole('combobox', { name: 'Order' }).press('Tab');
  await page.getByRole('link', { name: 'Requests', exact: true }).click();
  await page.getByRole('button', { name: 'Stay here' }).click();
  await expect(page.getByRole('combobox', { name: 'Order' })).toHaveValue('A-1042');
  await page.getByRole('link', { name: 'Requests', exact: true }).click();
  await page.getByRole('button', { name: 'Leave' }).click();
  await expect(title(page, 'Requests')).toBeVisible();
});

test('a form outlives the session: it goes on once the same person has signed in again', async ({
  asNadia: page,
  complaints,
}) => {
  complaints.expect(/status of 401|may close only the windows/);
  await openRefund(page);
  await page.getByRole('button', { name: 'Refund 12.50 of an order' }).click();
  const cookies = await page.context().cookies();
  await page.context().clearCookies();
  await page.getByRole('button', { name: 'Review' }).click();
  await expect(page.getByRole('dialog', { name: 'Your session has ended' })).toBeVisible();
  // The sign-in itself is tested elsewhere: here another tab has ended with it, and says so.
  await page.context().addCookies(cookies);
  const other = await page.context().newPage();
  await other.goto('/signed-in');
  await expect(page.getByRole('dialog', { name: 'Your session has ended' })).toBeHidden();
  await page.getByRole('button', { name: 'Review' }).click();
  await expect(plan(page)).toContainText('Refund 12.50 EUR');
});
