import type { Request } from '@guichet/contract';
import type { Page } from '@playwright/test';
import { expect, test } from './support/fixtures.ts';
import type { GatewayCalls } from './support/gateway-calls.ts';
import type { Person } from './support/running.ts';

/** Files a request beside the browser. Each run of it is another one: the reason says which. */
function file(calls: GatewayCalls, body: Record<string, unknown>, person: Person = 'nadia'): Promise<Request> {
  return calls.send<Request>(person, 'POST', '/v1/requests', {
    body: { environment: 'production', reason: 'the customer has called', ...body },
  });
}

const refund = (calls: GatewayCalls, amount: number): Promise<Request> =>
  file(calls, { action: 'orders.refund', input: { order: 'A-1043', amount } });
const reindex = (calls: GatewayCalls, seconds: number): Promise<Request> =>
  file(calls, { action: 'orders.reindex', input: { seconds } });
const hold = (calls: GatewayCalls, order: string, more: Record<string, unknown> = {}): Promise<Request> =>
  file(calls, { action: 'orders.hold', input: { order }, ...more });

const timeline = (page: Page) => page.getByRole('list', { name: 'Timeline' }).getByRole('listitem');
const decision = (page: Page) => page.getByRole('region', { name: 'Your decision' });

// Several people and several pages each: long on a machine that does other things too.
test.describe.configure({ timeout: 90_000 });

test('shows in the inbox what comes to wait, and counts it in the navigation and in the title', async ({ asAmine, calls }) => {
  await asAmine.goto('/requests');
  await expect(asAmine.getByRole('heading', { level: 1, name: 'Requests' })).toBeVisible();
  const { id, summary } = await refund(calls, 101);
  const row = asAmine.getByRole('row').filter({ hasText: id });
  await expect(row).toContainText(summary);
  await expect(row).toContainText('0 of 1 approvals');
  await expect(asAmine).toHaveTitle(/^\(\d+\) Requests/);
  await expect(asAmine.getByRole('navigation', { name: 'Main navigation' })).toContainText('waiting for your approval');
  await asAmine.keyboard.press('j');
  await asAmine.keyboard.press('Enter');
  await expect(asAmine.getByRole('heading', { level: 1, name: summary })).toBeVisible();
});

test('approves by keyboard alone, with a comment, and shows the end without being loaded again', async ({ asAmine, calls }) => {
  const { id, summary } = await refund(calls, 102);
  await asAmine.goto(`/requests/${id}`);
  await expect(asAmine.getByRole('heading', { level: 1, name: summary })).toBeVisible();
  await expect(asAmine.getByText('Waits for 1 approval from team payments')).toBeVisible();
  await expect(decision(asAmine).getByRole('button', { name: 'Approve' })).toBeVisible();
  await asAmine.keyboard.press('a');
  await expect(asAmine.getByLabel('Comment (optional)')).toBeFocused();
  await asAmine.keyboard.type('seen with the warehouse');
  await asAmine.keyboard.press('Control+Enter');
  await expect(asAmine.getByText('It has succeeded.')).toBeVisible();
  await expect(timeline(asAmine).filter({ hasText: 'Amine Diallo approved' })).toContainText('seen with the warehouse');
  await expect(timeline(asAmine).last()).toContainText('Succeeded');
  await expect(asAmine.getByText('Signed by its provider, and verified')).toBeVisible();
  await expect(decision(asAmine)).toBeHidden();
  await asAmine.getByRole('link', { name: 'Events of this request' }).click();
  await expect(asAmine).toHaveURL(new RegExp(`/audit\\?.*${id}`));
});

test('rejects with a comment and never without, and takes a decision back before it is sent', async ({ asAmine, calls }) => {
  const { id } = await refund(calls, 103);
  await asAmine.goto(`/requests/${id}`);
  await expect(decision(asAmine).getByRole('button', { name: 'Reject' })).toBeVisible();
  await asAmine.keyboard.press('x');
  const comment = asAmine.getByRole('textbox', { name: /^Comment/ });
  await expect(comment).toBeFocused();
  await asAmine.keyboard.press('Control+Enter');
  await expect(asAmine.getByText('Say why, so that the requester knows what to change.')).toBeVisible();
  await expect(comment).toBeFocused();
  await asAmine.keyboard.press('Escape');
  await expect(comment).toBeHidden();
  await asAmine.keyboard.press('x');
  await asAmine.keyboard.type('the parcel is on its way');
  await asAmine.keyboard.press('Control+Enter');
  await expect(asAmine.getByText('It was rejected.')).toBeVisible();
  await expect(timeline(asAmine).last()).toContainText('the parcel is on its way');
});

test('goes on to the next one that waits, one key away', async ({ asAmine, calls }) => {
  const first = await refund(calls, 104);
  const second = await refund(calls, 105);
  await asAmine.goto(`/requests/${second.id}`);
  await expect(asAmine.getByRole('link', { name: new RegExp(`Next: ${first.id}`) })).toBeVisible();
  await asAmine.keyboard.press('n');
  await expect(asAmine).toHaveURL(new RegExp(`/requests/${first.id}$`));
  for (const { id } of [first, second])
    await calls.send('amine', 'POST', `/v1/requests/${id}/reject`, { body: { comment: 'of a test' } });
  await expect(asAmine.getByText('It was rejected.')).toBeVisible();
});

test('tells the requester why they cannot approve what they asked for, in the words of policy', async ({ asNadia, calls }) => {
  const { id } = await refund(calls, 106);
  await asNadia.goto(`/requests/${id}`);
  await expect(asNadia.getByText('You cannot approve it')).toBeVisible();
  await expect(decision(asNadia)).toBeHidden();
  await asNadia.getByRole('button', { name: 'Withdraw' }).click();
  const dialog = asNadia.getByRole('dialog', { name: /Withdraw/ });
  await dialog.getByRole('textbox').fill('filed by mistake');
  await dialog.getByRole('button', { name: 'Withdraw' }).click();
  await expect(asNadia.getByText('It was withdrawn.')).toBeVisible();
});

test('says so when somebody else has decided, beside the buttons, with what to do', async ({ asAmine, calls, complaints }) => {
  complaints.expect(/Failed to load resource/);
  const { id } = await refund(calls, 107);
  // News do not come here: what is on the screen is how it was.
  await asAmine.route(/\/v1\/changes|\/events$/, (route) => route.abort());
  await asAmine.goto(`/requests/${id}`);
  await expect(decision(asAmine).getByRole('button', { name: 'Approve' })).toBeVisible();
  await calls.send('marta', 'POST', `/v1/requests/${id}/reject`, { body: { comment: 'not this one' } });
  await asAmine.keyboard.press('a');
  await asAmine.keyboard.press('Control+Enter');
  await expect(decision(asAmine).getByRole('alert')).toContainText('rejected');
  await expect(asAmine.getByText('It was rejected.')).toBeVisible();
  await expect(asAmine.getByText('not this one').first()).toBeVisible();
});

test('shows line by line what differs when things have moved since the approval, and that nothing was done', async ({
  asNadia,
  calls,
}) => {
  const first = await file(calls, { action: 'orders.refund', input: { order: 'A-1041', amount: 113 } });
  const second = await file(calls, { action: 'orders.refund', input: { order: 'A-1041', amount: 114 } });
  await asNadia.goto(`/requests/${first.id}`);
  await calls.send('amine', 'POST', `/v1/requests/${first.id}/approve`, { body: { digest: first.digest } });
  await expect(asNadia.getByText('It has succeeded.')).toBeVisible();
  await asNadia.goto(`/requests/${second.id}`);
  await calls.send('amine', 'POST', `/v1/requests/${second.id}/approve`, { body: { digest: second.digest } });
  await expect(asNadia.getByText('It is void: what was approved no longer holds, and nothing was done.')).toBeVisible();
  const lines = asNadia.getByRole('region', { name: 'Effects' }).getByRole('listitem');
  await expect(lines.filter({ hasText: 'Approved:' })).toHaveCount(1);
  await expect(lines.filter({ hasText: 'At run time:' })).toHaveCount(1);
});

test('decides on nothing else than what was looked at', async ({ asAmine, calls, complaints }) => {
  complaints.expect(/status of 409|ERR_INTERNET_DISCONNECTED/);
  const { id } = await refund(calls, 115);
  let isOther = false;
  // What is filed never changes: here another request answers to its name.
  await asAmine.route(`**/v1/requests/${id}`, async (route) => {
    const response = await route.fetch();
    const real = (await response.json()) as Request; // as the contract says
    const other = { ...real, digest: 'sha256:other', plan: { ...real.plan, effects: ['All of it is paid back.'] } };
    await route.fulfill({ response, json: isOther ? other : real });
  });
  await asAmine.goto(`/requests/${id}`);
  await expect(decision(asAmine)).toBeVisible();
  isOther = true;
  // Its network comes back: what is on the screen is asked for again.
  await asAmine.context().setOffline(true);
  await asAmine.context().setOffline(false);
  await expect(asAmine.getByText('This is not what you looked at any more')).toBeVisible();
  await expect(asAmine.getByRole('listitem').filter({ hasText: 'Now: All of it is paid back.' })).toBeVisible();
  await expect(decision(asAmine)).toBeHidden();
  await asAmine.getByRole('button', { name: 'I have looked at it' }).click();
  await asAmine.getByRole('button', { name: 'Approve' }).click();
  await asAmine.keyboard.press('Control+Enter');
  await expect(decision(asAmine).getByRole('alert')).toBeVisible();
  const { state } = await calls.send<Request>('amine', 'GET', `/v1/requests/${id}`);
  expect(state).toBe('awaiting_approval');
});

test('follows a run live, across a network that is gone for a while, and tells nothing twice', async ({
  asNadia,
  calls,
  complaints,
}) => {
  complaints.expect(/ERR_INTERNET_DISCONNECTED/);
  const { id, digest } = await reindex(calls, 4);
  await asNadia.goto(`/requests/${id}`);
  await expect(asNadia.getByText('Waits for')).toBeVisible();
  await calls.send('amine', 'POST', `/v1/requests/${id}/approve`, { body: { digest } });
  await expect(asNadia.getByText('It is running.')).toBeVisible();
  await expect(asNadia.getByRole('progressbar')).toBeVisible();
  await asNadia.context().setOffline(true);
  await expect(asNadia.getByText('Reconnecting… The request goes on.')).toBeVisible();
  await expect(asNadia.getByText('You are offline. What you see is how it was.')).toBeVisible();
  await expect
    .poll(async () => (await calls.send<Request>('nadia', 'GET', `/v1/requests/${id}`)).state, { timeout: 20_000 })
    .toBe('succeeded');
  await asNadia.context().setOffline(false);
  await expect(asNadia.getByText('It has succeeded.')).toBeVisible();
  await expect(asNadia.getByRole('log')).toContainText('The new index is in place.');
  await expect(timeline(asNadia).last()).toContainText('Succeeded');
  const { lastEvent } = await calls.send<Request>('nadia', 'GET', `/v1/requests/${id}`);
  expect(lastEvent).toBeGreaterThan(5);
  await expect(timeline(asNadia)).toHaveCount(6); // asked, approved, queued, started, sent, succeeded
});

test('stops a run that somebody asked for', async ({ asNadia, calls }) => {
  const { id, digest } = await reindex(calls, 60);
  await asNadia.goto(`/requests/${id}`);
  await calls.send('amine', 'POST', `/v1/requests/${id}/approve`, { body: { digest } });
  await asNadia.getByRole('button', { name: 'Cancel the run' }).click();
  const dialog = asNadia.getByRole('dialog', { name: /Cancel the run/ });
  await dialog.getByRole('textbox').fill('the wrong index');
  await asNadia.keyboard.press('Control+Enter');
  await expect(asNadia.getByText('It was cancelled.')).toBeVisible();
});

test('undoes a request by a plan that is shown first', async ({ asNadia, calls }) => {
  const { id, digest } = await hold(calls, 'A-1041');
  await calls.send('amine', 'POST', `/v1/requests/${id}/approve`, { body: { digest } });
  await asNadia.goto(`/requests/${id}`);
  await expect(asNadia.getByText('It has succeeded.')).toBeVisible();
  await asNadia.getByRole('button', { name: 'Undo' }).click();
  const dialog = asNadia.getByRole('dialog', { name: `Undo ${id}` });
  await expect(dialog.getByText('It needs 1 approval from team payments.')).toBeVisible();
  await dialog.getByRole('textbox', { name: 'Reason' }).fill('it was no fraud');
  await dialog.getByRole('button', { name: 'File the undo' }).click();
  await expect(asNadia.getByText('Waits for 1 approval from team payments')).toBeVisible();
  await asNadia.getByRole('link', { name: id, exact: true }).click();
  await expect(timeline(asNadia).last()).toContainText('was filed to undo it');
});

test('says until when a request lasts, and asks for more time', async ({ asNadia, calls }) => {
  const { id, digest } = await hold(calls, 'A-1040', { lastsSeconds: 3600 });
  await calls.send('amine', 'POST', `/v1/requests/${id}/approve`, { body: { digest } });
  await asNadia.goto(`/requests/${id}`);
  await expect(asNadia.getByText('It is undone by itself', { exact: false }).first()).toBeVisible();
  await asNadia.getByRole('button', { name: 'Extend' }).click();
  const dialog = asNadia.getByRole('dialog', { name: `Extend ${id}` });
  const length = dialog.getByRole('textbox', { name: /How much longer/ });
  await length.fill('soon');
  await dialog.getByRole('button', { name: 'Ask for it' }).click();
  await expect(dialog.getByText('Write a number with s, m, h or d, such as 2h.')).toBeVisible();
  await length.fill('2h');
  await expect(dialog.getByText('That is 2 h.')).toBeVisible();
  await dialog.getByRole('textbox', { name: 'Reason' }).fill('the bank answers tomorrow');
  await dialog.getByRole('button', { name: 'Ask for it' }).click();
  await expect(asNadia.getByRole('link', { name: id, exact: true })).toBeVisible();
});

test('breaks the glass in an emergency, and has it reviewed by somebody else', async ({ asSven, asAmine, calls }) => {
  const { id } = await refund(calls, 108);
  await asSven.goto(`/requests/${id}`);
  await asSven.getByRole('button', { name: 'More to do' }).click();
  await asSven.getByRole('menuitem', { name: 'Break the glass' }).click();
  const dialog = asSven.getByRole('dialog', { name: `Break the glass of ${id}` });
  await expect(dialog.getByText('It runs without 1 approval from team payments.')).toBeVisible();
  await dialog.getByRole('button', { name: 'Break the glass' }).click();
  await expect(dialog.getByText('Which incident is it for?')).toBeVisible();
  await dialog.getByRole('textbox', { name: /Incident/ }).fill('INC-7');
  await dialog.getByRole('textbox', { name: /Why it cannot wait/ }).fill('orders stand still since noon');
  await dialog.getByRole('button', { name: 'Break the glass' }).click();
  await expect(asSven.getByText('Sven Lindqvist broke the glass for INC-7').first()).toBeVisible();
  await asAmine.goto('/requests?view=to-review');
  await asAmine.getByRole('row').filter({ hasText: id }).click();
  await asAmine.getByRole('button', { name: 'Review' }).click();
  const review = asAmine.getByRole('dialog', { name: `Review ${id}` });
  await review.getByRole('textbox', { name: /Comment/ }).fill('seen with the incident');
  await review.getByRole('button', { name: 'Close the review' }).click();
  await expect(asAmine.getByText('Reviewed by Amine Diallo: justified', { exact: false })).toBeVisible();
});

test('keeps filters in the address, and shows how to take them away when nothing fits', async ({ asNadia, calls }) => {
  const { id } = await refund(calls, 109);
  await asNadia.goto('/requests?view=all');
  await asNadia.getByRole('combobox', { name: 'Environment' }).click();
  await asNadia.getByRole('option', { name: 'production' }).click();
  await expect(asNadia).toHaveURL(/environment=production/);
  await asNadia.getByRole('combobox', { name: 'Action' }).fill('orders.refund');
  await expect(asNadia).toHaveURL(/action=orders.refund/);
  await expect(asNadia.getByRole('row').filter({ hasText: id })).toBeVisible();
  await asNadia.reload();
  await expect(asNadia.getByRole('row').filter({ hasText: id })).toBeVisible();
  await asNadia.getByRole('button', { name: 'State: Any' }).click();
  await asNadia.getByRole('menuitemcheckbox', { name: 'Expired' }).click();
  await asNadia.getByRole('menuitemcheckbox', { name: 'Cancelled' }).click();
  await asNadia.keyboard.press('Escape');
  await expect(asNadia).toHaveURL(/state=cancelled%2Cexpired/);
  await expect(asNadia.getByText('No request fits')).toBeVisible();
  await asNadia.getByRole('link', { name: 'Clear filters' }).click();
  await expect(asNadia.getByRole('row').filter({ hasText: id })).toBeVisible();
});

test('keeps the decision within reach of the thumb on a phone', async ({ asAmine, calls }) => {
  const { id } = await refund(calls, 110);
  await asAmine.setViewportSize({ width: 390, height: 844 });
  await asAmine.goto(`/requests/${id}`);
  await expect(decision(asAmine).getByRole('button', { name: 'Approve' })).toBeInViewport();
  expect(await asAmine.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  await decision(asAmine).getByRole('button', { name: 'Reject' }).click();
  await asAmine.getByRole('textbox', { name: /^Comment/ }).fill('from the phone');
  await decision(asAmine).getByRole('button', { name: 'Reject' }).click();
  await expect(asAmine.getByText('It was rejected.')).toBeVisible();
});

test('says that there is no such request, and what to do', async ({ asNadia, complaints }) => {
  complaints.expect(/status of 404/);
  await asNadia.goto('/requests/REQ-99999999');
  await expect(asNadia.getByText('There is no request REQ-99999999 that you can see.')).toBeVisible();
  await expect(asNadia.getByRole('button', { name: 'Try again' })).toBeVisible();
});

test('takes the id of a request as people write it, and says what is none', async ({ asNadia, complaints }) => {
  complaints.expect(/status of 404/);
  await asNadia.goto('/requests/99999999?from=chat');
  await expect(asNadia).toHaveURL(/\/requests\/REQ-99999999/);
  await expect(asNadia.getByText('There is no request REQ-99999999 that you can see.')).toBeVisible();
  await asNadia.goto('/requests/nonsense');
  await expect(asNadia.getByRole('heading', { level: 1, name: 'There is no such page' })).toBeVisible();
});

test('tells in the browser what comes to wait and how mine went, once, when somebody has asked for it', async ({
  asAmine,
  company,
  calls,
}) => {
  await asAmine.context().grantPermissions(['notifications'], { origin: company.url });
  // The real ones are made, and what they say is kept: nobody sees them here. A browser without a screen calls them denied
  // also when it has granted them.
  await asAmine.context().addInitScript(() => {
    const told: string[] = [];
    Object.assign(globalThis, {
      told,
      Notification: class extends Notification {
        static override get permission(): NotificationPermission {
          return 'granted';
        }
        constructor(title: string, options?: NotificationOptions) {
          super(title, options);
          told.push(title);
        }
      },
    });
    document.hasFocus = () => false; // they are for who looks elsewhere; here every page believes that it is looked at
  });
  const told = (): Promise<string[]> => asAmine.evaluate(() => (globalThis as unknown as { told: string[] }).told); // set above
  await asAmine.goto('/requests');
  await asAmine.getByRole('button', { name: 'Account of Amine Diallo' }).click();
  await asAmine.getByRole('menuitemcheckbox', { name: 'Tell me in this browser' }).click();
  await expect(asAmine.getByText('You are told here when something waits for you, or when yours ends.')).toBeVisible();
  const other = await asAmine.context().newPage();
  await other.goto('/requests');
  await expect(other.getByRole('heading', { level: 1, name: 'Requests' })).toBeVisible();

  const { id } = await refund(calls, 111);
  await expect.poll(told).toContain(`${id} waits for your approval`);
  const mine = await file(calls, { action: 'orders.refund', input: { order: 'A-1044', amount: 112 } }, 'amine');
  await calls.send('marta', 'POST', `/v1/requests/${mine.id}/reject`, { body: { comment: 'not this one' } });
  await expect.poll(told).toContain(`${mine.id}: Rejected`);
  // The other tab has kept silent: what it would have told is in the same list of its own.
  expect(await other.evaluate(() => (globalThis as unknown as { told: string[] }).told)).toEqual([]); // set above
  expect((await told()).filter((title) => title.startsWith(id))).toHaveLength(1);
  await calls.send('amine', 'POST', `/v1/requests/${id}/reject`, { body: { comment: 'of a test' } });
});
