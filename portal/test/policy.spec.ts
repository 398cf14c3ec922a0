import type { Locator, Page } from '@playwright/test';
import { expect, test } from './support/fixtures.ts';

const CLOSED = `@id("all")
permit (principal, action, resource);

@id("shop-closed")
@reason("The shop is closed")
forbid (principal, action == Action::"orders.refund", resource);
`;

/** Writes into an editor as somebody does who replaces all that is there. `fill` would change the document behind its back. */
async function write(page: Page, editor: Locator, text: string): Promise<void> {
  await editor.focus();
  await page.keyboard.press('Control+a');
  await page.keyboard.press('Delete');
  await page.keyboard.insertText(text);
}

test('shows the rules in force where they stand, and finds them by words', async ({ asNadia: page }) => {
  await page.goto('/policy');
  const rule = page.getByRole('article', { name: 'destructive-needs-owner' });
  await expect(rule).toContainText('Destructive work takes a second person, of the team that owns it');
  await expect(rule).toContainText('Lifted by 1 approval of: owner');
  await expect(rule).toContainText(/default\.cedar:\d+/);
  await expect(rule).toContainText('when { context.risk == "destructive" }');
  await page.keyboard.press('/');
  await page.keyboard.type('destructive');
  await expect(page.getByRole('article', { name: 'own-tokens' })).toBeHidden();
  await expect(page).toHaveURL(/q=destructive/);
  await page.getByRole('searchbox', { name: 'Search rules' }).fill('no such rule');
  await expect(page.getByText('No rule fits')).toBeVisible();
});

test('explains a call that could be made: the decision, its rules, what would change it; its address can be sent', async ({
  asNadia: page,
  asAmine,
}) => {
  await page.goto('/policy/explain');
  await page.getByRole('button', { name: 'Explain' }).click();
  await expect(page.getByText('Name an action, and where.')).toBeVisible();
  await page.getByLabel('Action', { exact: true }).fill('postgres.terminate-session');
  await page.getByText('Owner, resource, input…').click();
  await page.getByLabel('Team that owns it').fill('payments');
  await page.getByRole('button', { name: 'Explain' }).click();
  await expect(page.getByText('May Nadia Benali ask for postgres.terminate-session in production')).toBeVisible();
  await expect(page.getByText("with 1 approval from team 'payments'")).toBeVisible();
  await asAmine.goto(page.url());
  await expect(asAmine.getByText('May Amine Diallo ask for postgres.terminate-session in production')).toBeVisible();
  await asAmine.getByRole('link', { name: 'destructive-needs-owner' }).click();
  await expect(asAmine.getByRole('article', { name: 'destructive-needs-owner' })).toBeVisible();
});

test('explains for somebody else, refuses what it cannot read, and keeps the input out of the address', async ({
  asNadia: page,
}) => {
  await page.goto('/policy/explain?action=orders.refund&environment=production&as=sven');
  await expect(page.getByText('May Sven Lindqvist ask for orders.refund in production')).toBeVisible();
  await page.getByText('Owner, resource, input…').click();
  await page.getByLabel('Input, as JSON').fill('{"order": ');
  await page.getByRole('button', { name: 'Explain' }).click();
  await expect(page.getByText('It has to be a JSON object.')).toBeVisible();
  await page.getByLabel('Input, as JSON').fill('{"order": "A-1042"}');
  await page.getByLabel('For so long').fill('2 h');
  await page.getByRole('button', { name: 'Explain' }).click();
  await expect(page).toHaveURL(/lasts=7200/);
  expect(page.url()).not.toContain('A-1042');
});

test('says in the words of the gateway what it does not explain', async ({ asNadia: page, complaints }) => {
  complaints.expect(/status of 4\d\d/);
  await page.goto('/policy/explain?request=REQ-999999');
  await expect(page.getByRole('button', { name: 'Try again' })).toBeVisible();
});

test('runs cases in the editor by keyboard, and shows what is not as expected with the rules that decided', async ({
  asNadia: page,
}) => {
  await page.goto('/policy/try');
  const cases = page.getByRole('textbox', { name: 'Cases' });
  await cases.focus();
  await page.keyboard.press('Control+Enter');
  await expect(page.getByText('2 cases passed')).toBeVisible();

  await write(
    page,
    cases,
    `cases:
  - name: nobody has to be asked
    who: nadia
    action: postgres.terminate-session
    environment: production
    resource: { owner: payments }
    expect: permit
`,
  );
  await page.getByRole('button', { name: 'Run the cases' }).click();
  await expect(page.getByText('1 case failed')).toBeVisible();
  const result = page.getByRole('listitem').filter({ hasText: 'nobody has to be asked' });
  await expect(result).toContainText('Expected: Permitted.');
  await expect(result.getByRole('link', { name: 'destructive-needs-owner' })).toBeVisible();

  await write(
    page,
    cases,
    'cases:\n  - name: of nobody\n    who: nadja\n    action: orders.refund\n    environment: production\n    expect: permit\n',
  );
  await page.getByRole('button', { name: 'Run the cases' }).click();
  await expect(page.getByText('The files cannot be used as they are')).toBeVisible();
  await page.getByRole('button', { name: 'Line 3' }).click();
  await expect(cases).toBeFocused();
});

test('checks files of policies in the editor, at their lines, and decides cases by them', async ({ asNadia: page }) => {
  await page.goto('/policy/try');
  await page.getByRole('button', { name: 'Add a file' }).click();
  const text = page.getByRole('textbox', { name: 'Text of own.cedar' });
  await write(page, text, '@id("all")\npermit (principal, action, resource)\nwhen { context.environmint == "production" };\n');
  await page.getByRole('button', { name: 'Check' }).click();
  await expect(page.getByText('A gateway would not take them.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Line 3' })).toBeVisible();
  await write(page, text, '@id("all")\npermit (principal, action, resource);\n');
  await page.getByRole('button', { name: 'Check' }).click();
  await expect(page.getByText('A gateway would take them: 1 rule.')).toBeVisible();
  await page.getByRole('button', { name: 'Run the cases' }).click();
  await expect(page.getByText('1 case failed')).toBeVisible(); // what the rule lets through; nobody approves their own still
});

test('the editor can be left by Tab, and what is written stays while one goes to the next page', async ({ asNadia: page }) => {
  await page.goto('/policy/try');
  const cases = page.getByRole('textbox', { name: 'Cases' });
  await write(page, cases, 'cases: []\n');
  await page.keyboard.press('Tab');
  await expect(cases).not.toBeFocused();
  await page.getByRole('link', { name: 'Replay' }).click();
  await page.getByRole('link', { name: 'Try' }).click();
  await expect(page.getByRole('textbox', { name: 'Cases' })).toHaveText('cases: []');
});

test('replays the past by other rules, and leads to the requests that they decide otherwise', async ({
  asNadia: page,
  calls,
}) => {
  const { id } = await calls.send<{ id: string }>('nadia', 'POST', '/v1/requests', {
    body: {
      action: 'orders.refund',
      environment: 'production',
      input: { order: 'A-1043', amount: 109 },
      reason: 'to be replayed',
    },
  });
  await page.goto('/policy/replay?days=7');
  await page.getByRole('button', { name: 'Replay' }).click();
  await expect(page.getByText('All were looked at.')).toBeVisible();
  await expect(page.getByText('Nothing would be decided otherwise')).toBeVisible();
  await page.getByRole('button', { name: 'Add a file' }).click();
  await page.getByRole('textbox', { name: 'Text of own.cedar' }).fill(CLOSED);
  await page.getByRole('button', { name: 'Replay' }).click();
  const difference = page.getByRole('listitem').filter({ has: page.getByRole('link', { name: id, exact: true }) });
  await expect(difference).toContainText('Needs approval');
  await expect(difference).toContainText('The shop is closed');
  await expect(page.getByRole('list', { name: 'Requests that shop-closed decides otherwise' })).toBeVisible();
  await difference.getByRole('link', { name: id, exact: true }).click();
  await expect(page).toHaveURL(`/requests/${id}`);
});
