import { AxeBuilder } from '@axe-core/playwright';
import type { Action } from '@guichet/contract';
import type { Page } from '@playwright/test';
import { z } from 'zod';
import { expect, test } from './support/fixtures.ts';

const node = z.strictObject({
  name: z.string().min(2),
  get children() {
    return z.array(node).optional();
  },
});

/** A field of every kind. No action of the company has them all, so the catalogue is told of one that has; no call is made of it. */
const input = z.strictObject({
  email: z.email().describe('Who is told'),
  when: z.iso.datetime().optional(),
  length: z.iso.duration().optional(),
  waitSeconds: z.int().min(1).max(86_400).default(60),
  password: z.string().min(12).meta({ writeOnly: true }),
  mode: z.enum(['fast', 'careful']).default('careful'),
  on: z.boolean(),
  owner: z.string().nullable(),
  tags: z.array(z.string().min(1)).min(1).max(5),
  range: z.tuple([z.int(), z.int()]),
  labels: z.record(z.string(), z.string()).optional(),
  target: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('session'), instance: z.string(), pid: z.int() }),
    z.strictObject({ kind: z.literal('group'), instance: z.string(), query: z.string() }),
  ]),
  limits: z.strictObject({ cpu: z.number().multipleOf(0.5) }).optional(),
  tree: node.optional(),
  anything: z.unknown().optional(),
});

const SMALL = {
  email: 'x@example.com',
  password: 'correct horse battery',
  on: true,
  owner: null,
  tags: ['a'],
  range: [1, 2],
  target: { kind: 'session', instance: 'pg1', pid: 42 },
};

async function open(page: Page, more: Partial<Action> = {}): Promise<void> {
  const action: Action = {
    ...{ id: 'orders.every', name: 'every', version: 'sha256:00', title: 'Every kind', description: '', provider: 'orders' },
    ...{ team: 'payments', kind: 'write', risk: 'reversible', output: 'record', idempotent: false, observable: false },
    ...{ timeoutSeconds: 60, options: [], available: true },
    input: z.toJSONSchema(input, { io: 'input', target: 'draft-2020-12' }),
    examples: [{ title: 'A small one', input: SMALL }],
    ...more,
  } as Action; // spread from parts, each of which is checked when it is drawn
  await page.route('**/v1/actions/orders.every', (route) => route.fulfill({ json: action }));
  await page.goto('/actions/orders.every?environment=staging');
  await expect(page.getByRole('heading', { level: 1, name: 'Every kind' })).toBeVisible();
}

/** The input as the call that is shown to copy has it. */
async function inputOf(page: Page): Promise<Record<string, unknown>> {
  const curl = await page.getByRole('group', { name: 'HTTP' }).textContent();
  const body = JSON.parse(/-d '(.*)'$/s.exec(curl?.trim() ?? '')?.[1] ?? '{}') as { input: Record<string, unknown> }; // as curl would send it
  return body.input;
}

test('an example fills in every kind of field, and nothing of it is wrong', async ({ asNadia: page }) => {
  test.slow(); // it looks at the whole page twice
  await open(page);
  await page.getByRole('button', { name: 'A small one' }).click();
  await expect(page.getByRole('textbox', { name: 'Email' })).toHaveValue('x@example.com');
  await expect(page.getByRole('radio', { name: 'Yes' })).toBeChecked();
  await expect(page.getByRole('checkbox', { name: 'No value (null)' })).toBeChecked();
  await expect.poll(() => inputOf(page)).toEqual({ ...SMALL, password: '••••••' });
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const { violations } = await new AxeBuilder({ page })
      .include('main')
      .withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'])
      .analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
  }
});

test('entries of a list are added, moved and taken out by keys, and it is said', async ({ asNadia: page }) => {
  await open(page);
  await page.getByRole('button', { name: 'A small one' }).click();
  const tags = page.getByRole('group', { name: 'Tags' });
  await tags.getByRole('button', { name: 'Add an entry' }).press('Enter');
  await expect(tags.getByRole('textbox', { name: 'Entry 2' })).toBeFocused();
  await page.keyboard.type('b');
  await tags.getByRole('button', { name: 'Move entry 2 up' }).press('Enter');
  await expect(tags.getByRole('status')).toHaveText('Entry 2 is now entry 1');
  await expect.poll(async () => (await inputOf(page))['tags']).toEqual(['b', 'a']);
  await tags.getByRole('button', { name: 'Remove entry 1' }).press('Enter');
  await expect.poll(async () => (await inputOf(page))['tags']).toEqual(['a']);
  await expect(tags.getByRole('button', { name: 'Remove entry 1' })).toBeFocused();
});

test('another shape keeps what fits of the one before', async ({ asNadia: page }) => {
  await open(page);
  await page.getByRole('button', { name: 'A small one' }).click();
  const target = page.getByRole('group', { name: 'Target' });
  await target.getByRole('combobox', { name: 'Kind' }).click();
  await page.getByRole('option', { name: 'group' }).click();
  await expect(target.getByRole('textbox', { name: 'Instance' })).toHaveValue('pg1');
  await target.getByRole('textbox', { name: 'Query' }).fill('select');
  await expect.poll(async () => (await inputOf(page))['target']).toEqual({ kind: 'group', instance: 'pg1', query: 'select' });
});

test('lengths of time are typed as people say them', async ({ asNadia: page }) => {
  await open(page);
  await page.getByRole('textbox', { name: 'Length' }).fill('1h30m');
  await expect(page.getByRole('textbox', { name: 'Length' })).toHaveValue('1h30m');
  await expect(page.getByText('= 1 h 30 min')).toBeVisible();
  await page.getByRole('textbox', { name: 'Wait seconds' }).fill('2h');
  await expect(page.getByText('= 2 h', { exact: true })).toBeVisible();
  await expect.poll(() => inputOf(page)).toMatchObject({ length: 'PT1H30M', waitSeconds: 7200 });
  await page.getByLabel('When').fill('2026-12-01T10:00:00');
  await expect.poll(() => inputOf(page)).toMatchObject({ when: '2026-12-01T09:00:00.000Z' }); // Paris is an hour ahead
});

test('two entries of one name are told of, and none is lost while it is mended', async ({ asNadia: page }) => {
  await open(page);
  const labels = page.getByRole('group', { name: 'Labels' });
  for (const [index, value] of ['1', '2'].entries()) {
    await labels.getByRole('button', { name: 'Add an entry' }).click();
    await labels.getByRole('textbox', { name: 'Name' }).nth(index).fill('team');
    await labels.getByRole('textbox', { name: 'Value' }).nth(index).fill(value);
  }
  await page.getByRole('button', { name: 'Review' }).click();
  await expect(labels.getByRole('alert')).toContainText('Each name may stand here once');
  await labels.getByRole('textbox', { name: 'Name' }).nth(1).fill('owner');
  await expect.poll(async () => (await inputOf(page))['labels']).toEqual({ team: '1', owner: '2' });
});

test('goes to JSON and back; a secret is shown nowhere and is not lost', async ({ asNadia: page }) => {
  await open(page);
  await page.getByRole('button', { name: 'A small one' }).click();
  await expect(page.getByRole('textbox', { name: /Password/ })).toHaveAttribute('type', 'password');
  await page.getByText('JSON', { exact: true }).click();
  const editor = page.getByRole('textbox', { name: 'The whole input' });
  await expect(editor).toContainText('••••••');
  await expect(editor).not.toContainText('battery');
  await editor.click();
  await page.keyboard.press('Control+Home');
  await page.keyboard.press('Control+f');
  await page.keyboard.press('Escape');
  await page.getByText('Form', { exact: true }).click();
  await page.getByRole('button', { name: 'Show while typing' }).click();
  await expect(page.getByRole('textbox', { name: /Password/ })).toHaveValue('correct horse battery');
  expect(await page.evaluate(() => `${location.href}${JSON.stringify({ ...localStorage, ...sessionStorage })}`)).not.toContain(
    'battery',
  );
  await expect(page.getByRole('group', { name: 'Command line' })).toContainText('--password @FILE');
});

test('a link fills in the form without its secrets', async ({ open: openAs }) => {
  const page = await openAs('nadia');
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await open(page);
  await page.getByRole('button', { name: 'A small one' }).click();
  await expect.poll(async () => (await inputOf(page))['tags']).toEqual(['a']);
  await page.getByRole('button', { name: 'Copy link' }).click();
  await expect(page.getByText('Link copied')).toBeVisible();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  expect(link).not.toContain('battery');
  await page.goto(link);
  await expect(page.getByRole('textbox', { name: 'Email' })).toHaveValue('x@example.com');
  await expect(page.getByRole('textbox', { name: /Password/ })).toHaveValue('');
});

test('a secret that somebody wrote into a link is not filled in, and not left in the address', async ({ asNadia: page }) => {
  await open(page);
  const input = encodeURIComponent(JSON.stringify(SMALL));
  await page.goto(`/actions/orders.every?environment=staging&input=${input}`);
  await expect(page.getByText(/^The link held a secret/)).toBeVisible();
  await expect(page.getByRole('textbox', { name: 'Email' })).toHaveValue('x@example.com');
  await expect(page.getByRole('textbox', { name: /Password/ })).toHaveValue('');
  await expect(page).toHaveURL(/x%40example\.com|x@example\.com/);
  expect(page.url()).not.toContain('battery');
});

test('what the gateway finds wrong lands at its field', async ({ asNadia: page, complaints }) => {
  complaints.expect(/status of 400/);
  await open(page);
  await page.getByRole('button', { name: 'A small one' }).click();
  await page.route('**/v1/actions/orders.every/plan', (route) =>
    route.fulfill({
      status: 400,
      contentType: 'application/problem+json',
      json: {
        ...{ type: 'urn:guichet:error:input.invalid', title: 'The input is not valid', status: 400, code: 'input.invalid' },
        ...{ detail: '/input/tags/0 must be another.', retryable: false, remedy: 'Choose another.' },
        errors: [{ field: '/input/tags/0', message: 'must be another' }],
      },
    }),
  );
  await page.getByRole('button', { name: 'Review' }).click();
  const entry = page.getByRole('group', { name: 'Tags' }).getByRole('textbox', { name: 'Entry 1' });
  await expect(entry).toHaveAccessibleDescription(/must be another/);
  await expect(entry).toBeFocused();
  await expect(page.getByText('Choose another.')).toBeVisible();
});

test('what policy does not allow says so, by which rule, and cannot be sent', async ({ asNadia: page }) => {
  await open(page);
  await page.getByRole('button', { name: 'A small one' }).click();
  await page.route('**/v1/actions/orders.every/plan', (route) =>
    route.fulfill({
      json: {
        input: SMALL,
        plan: { summary: 'Try it', effects: [], warnings: [], resource: { type: 'orders.order', id: 'A-1' }, fingerprint: 'f' },
        decision: { effect: 'deny', reasons: [{ policy: 'no-friday', message: 'Nobody changes this on a Friday.' }] },
      },
    }),
  );
  await page.getByRole('button', { name: 'Review' }).click();
  await expect(page.getByRole('alert')).toContainText('Nobody changes this on a Friday. policy no-friday');
  await expect(page.getByRole('button', { name: /Run it now|Ask for approval/ })).toHaveCount(0);
});

test('an action whose provider is away says so, and is not sent', async ({ asNadia: page }) => {
  await open(page, { available: false, unavailableReason: 'Nobody answers at its address.' });
  await expect(page.getByText('Nobody answers at its address.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Review' })).toBeDisabled();
});
