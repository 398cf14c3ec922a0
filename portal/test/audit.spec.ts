import { readFile } from 'node:fs/promises';
import type { AuditEvent, Request } from '@guichet/contract';
import { expect, test } from './support/fixtures.ts';
import type { GatewayCalls } from './support/gateway-calls.ts';

/** A request whose reason nothing else has: what the log is searched for. */
async function filed(calls: GatewayCalls, word: string): Promise<Request> {
  return calls.send<Request>('nadia', 'POST', '/v1/requests', {
    body: {
      action: 'orders.refund',
      environment: 'production',
      input: { order: 'A-1043', amount: 107 },
      reason: `audited ${word}`,
    },
  });
}

async function eventOf(calls: GatewayCalls, request: string): Promise<AuditEvent> {
  const { items } = await calls.send<{ items: AuditEvent[] }>(
    'nadia',
    'GET',
    `/v1/audit?request=${request}&type=request.submitted`,
  );
  const [event] = items;
  if (event === undefined) throw new Error(`no event of ${request}`);
  return event;
}

/** What Chromium itself writes when a page asks for the proof of an event that is some seconds old. */
const NOT_SEALED_YET = /status of 404.*\/proof/;

test('finds an event by words as they are typed, tells it as a sentence, and keeps the search in the address', async ({
  asNadia: page,
  calls,
}) => {
  const { id } = await filed(calls, 'flamingo');
  await page.goto('/audit');
  await page.getByRole('heading', { level: 1, name: 'Audit log' }).waitFor();
  await page.keyboard.press('/');
  await expect(page.getByLabel('Search words')).toBeFocused();
  await page.keyboard.type('flaming*');
  const row = page.getByRole('row').filter({ hasText: id });
  await expect(row).toContainText('Nadia Benali filed a request');
  await expect(page.getByRole('row')).toHaveCount(2); // with that of the head
  await expect(page).toHaveURL(/q=flaming/);
  await page.reload();
  await expect(row).toBeVisible();
  await expect(page.getByLabel('Search words')).toHaveValue('flaming*');
});

test('narrows by who, outcome, time and what is behind the button, and forgets all of it at once', async ({
  asAmine: page,
  calls,
}) => {
  const { id } = await filed(calls, 'ibis');
  await expect(calls.send('nadia', 'POST', `/v1/requests/${id}/approve`, { body: { comment: '' } })).rejects.toThrow('own');
  await page.goto(`/audit?request=${id}`);
  await expect(page.getByRole('button', { name: 'More filters (1)' })).toHaveAttribute('aria-expanded', 'true');
  await page.getByRole('combobox', { name: 'Outcome' }).click();
  await page.getByRole('option', { name: 'Denied' }).click();
  const denied = page.getByRole('row').filter({ hasText: 'tried to decide on a request, and may not' });
  await expect(denied).toContainText('Denied'); // not by its colour alone
  await page.getByLabel('Who', { exact: true }).fill('user:amine');
  await page.getByLabel('Who', { exact: true }).press('Enter');
  await expect(page.getByText('No event fits')).toBeVisible();
  await page.getByRole('button', { name: 'Clear all' }).click();
  await expect(page).toHaveURL('/audit');
  await page.getByRole('combobox', { name: 'Time' }).click();
  await page.getByRole('option', { name: 'Last hour' }).click();
  await expect(page).toHaveURL(/range=1h/);
  await expect(page.getByRole('row').filter({ hasText: id }).first()).toBeVisible();
});

test('an address that somebody has broken by hand is read as far as it can be', async ({ asNadia: page }) => {
  await page.goto('/audit?outcome=perhaps&range=9y&since=yesterday&environment=');
  await expect(page.getByRole('row').nth(1)).toBeVisible();
});

test('proves an event in the browser, step by step, and gives the proof as a file', async ({
  asNadia: page,
  calls,
  complaints,
}) => {
  complaints.expect(NOT_SEALED_YET);
  const { id } = await filed(calls, 'heron');
  await page.goto(`/audit?request=${id}&type=request.submitted`);
  await page.getByRole('row').filter({ hasText: id }).getByRole('link').click();
  await expect(page.getByRole('heading', { level: 1, name: /^Event \d+$/ })).toBeVisible();
  // It may not be sealed yet: the page goes on by itself.
  await expect(page.getByText(/^This is event [\d,]+ of [\d,]+, as it was sealed\.$/)).toBeVisible();
  const steps = page.getByRole('listitem').filter({ hasText: /hashed|leads to the root|names the key|signed with/ });
  await expect(steps).toHaveCount(4);
  await expect(page.getByText('"reason": "audited heron"')).toBeVisible();
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download the proof' }).click();
  const file = await (await download).path();
  expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ event: expect.stringContaining('audited heron') });
});

test('says that a proof does not hold when the event is not what was sealed', async ({ asNadia: page, calls }) => {
  const { id } = await filed(calls, 'stork');
  const event = await eventOf(calls, id);
  // Somebody between the gateway and the browser, or in the gateway, shows another reason than the sealed one.
  await page.route(`**/v1/audit/events/${event.id}/proof`, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: (await response.text()).replace('audited stork', 'audited crane') });
  });
  // Until it is sealed there is nothing to change.
  await expect
    .poll(async () =>
      calls.send('nadia', 'GET', `/v1/audit/events/${event.id}/proof`).then(
        () => true,
        () => false,
      ),
    )
    .toBe(true);
  await page.goto(`/audit/${event.id}`);
  await expect(page.getByText('The proof does not hold.')).toBeVisible();
  await expect(page.getByText('It leads to another root')).toBeVisible();
  await expect(page.getByText('Not reached')).toHaveCount(2);
});

test('takes the true proof of another event for none of this one', async ({ asNadia: page, calls, world, complaints }) => {
  complaints.expect(NOT_SEALED_YET);
  const { id } = await filed(calls, 'wigeon');
  const event = await eventOf(calls, id);
  await page.route(`**/v1/audit/events/${event.id}/proof`, async (route) =>
    route.fulfill({ response: await route.fetch({ url: route.request().url().replace(event.id, world.event) }) }),
  );
  await page.goto(`/audit/${event.id}`);
  await expect(page.getByText('This is the proof of another event')).toBeVisible();
  await expect(page.getByText(/as it was sealed\.$/)).toBeHidden();
});

test('notices that a log shows another key than before', async ({ asNadia: page, calls, complaints }) => {
  complaints.expect(NOT_SEALED_YET);
  const { id } = await filed(calls, 'egret');
  const event = await eventOf(calls, id);
  await page.goto(`/audit?request=${id}`);
  const heads = await calls.send<{ items: { log: string }[] }>('nadia', 'GET', '/v1/audit/heads');
  await page.evaluate(
    (log) => localStorage.setItem('guichet.audit-keys', JSON.stringify({ [log]: 'a-key-of-before' })),
    heads.items[0]?.log ?? '',
  );
  await page.getByRole('row').filter({ hasText: 'filed a request' }).getByRole('link').click();
  await expect(page).toHaveURL(`/audit/${event.id}`);
  await expect(page.getByText('This browser has seen another key of this log before: a-key-of-before.')).toBeVisible();
  await expect(page.getByText(/as it was sealed\.$/)).toBeHidden();
});

test('says of an event that does not exist what to do, and shows the state of the log everywhere', async ({
  asNadia: page,
  complaints,
}) => {
  complaints.expect(/status of 404/);
  await page.goto('/audit/999999999');
  await expect(page.getByText('There is no sealed event 999999999 in the audit log.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Try again' })).toBeVisible();
  await expect(page.getByRole('region', { name: 'State of the audit log' })).toContainText('Log verified');
  await page.goto('/');
  await page.getByRole('link', { name: 'Audit verified' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Audit log' })).toBeVisible();
});

test('says loudly when the log does not hold, and what to do', async ({ asNadia: page }) => {
  await page.route('**/v1/audit/status', async (route) => {
    const response = await route.fetch();
    const status = await response.json();
    const verified = { ...status.log.verified, findings: [{ kind: 'edited', message: 'Event 7 is not what was sealed.' }] };
    await route.fulfill({ response, json: { ...status, state: 'damaged', log: { ...status.log, verified } } });
  });
  await page.goto('/audit');
  const state = page.getByRole('region', { name: 'State of the audit log' });
  await expect(state).toContainText('The audit log does not hold');
  await expect(state).toContainText('Changed: Event 7 is not what was sealed.');
  await expect(state.getByText('guichet audit verify')).toBeVisible();
  await expect(page.getByRole('link', { name: 'Audit damaged' })).toBeVisible();
});

test('exports what the filters show, as lines and as a table that runs no formulas', async ({ asNadia: page, calls }) => {
  const { id } = await calls.send<Request>('nadia', 'POST', '/v1/requests', {
    body: {
      action: 'orders.refund',
      environment: 'production',
      input: { order: 'A-1043', amount: 108 },
      reason: '=HYPERLINK("x") pelican',
    },
  });
  await page.goto(`/audit?request=${id}&type=request.submitted`);
  await expect(page.getByRole('row').filter({ hasText: id })).toBeVisible();
  await page.getByRole('button', { name: 'Export' }).click();
  const dialog = page.getByRole('dialog', { name: 'Export the audit log' });
  const saved = async (): Promise<string> => {
    const download = page.waitForEvent('download');
    await dialog.getByRole('button', { name: 'Export' }).click();
    return readFile(await (await download).path(), 'utf8');
  };
  const lines = (await saved()).trim().split('\n');
  expect(lines.map((line) => JSON.parse(line).request)).toEqual([id]);
  await expect(dialog.getByText('1 event exported')).toBeVisible();
  await dialog.getByRole('combobox', { name: 'Format' }).click();
  await page.getByRole('option', { name: 'CSV' }).click();
  const [head, row] = (await saved()).split('\n');
  expect(head).toBe('id,at,type,actor,name,action,environment,resource,request,outcome,data');
  expect(row).toContain('user:nadia,Nadia Benali,orders.refund,production');
  await expect(dialog.getByText('guichet audit export > events.jsonl')).toBeVisible();
});
