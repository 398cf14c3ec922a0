import { expect, test } from './support/fixtures.ts';
import { panel } from './support/panel.ts';

test('shows whether providers answer, and how calls of one went', async ({ asNadia, calls }) => {
  await calls.send('nadia', 'POST', '/v1/actions/orders.list/read', { body: { environment: 'staging' } });
  await asNadia.goto('/providers');
  await expect(asNadia.getByRole('row').filter({ hasText: 'orders' })).toContainText('Available');
  await asNadia.getByRole('link', { name: /Orders/ }).click();
  await expect(asNadia.getByRole('heading', { level: 1, name: 'Orders' })).toBeVisible();
  const figures = asNadia.getByRole('table', { name: 'Calls of the last minutes' });
  await expect(figures.getByRole('row').filter({ hasText: 'Read' })).toBeVisible();
  await expect(panel(asNadia, /^Actions/).getByRole('link', { name: 'Refund an order' })).toBeVisible();
});

test('compares the record with the ledger of a provider', async ({ asNadia }) => {
  await asNadia.goto('/providers/postgres');
  const compared = panel(asNadia, 'Record and ledger');
  await compared.getByRole('button', { name: 'Compare' }).click();
  await expect(compared.getByText(/^Compared: \d+ grants and \d+ entries looked at/)).toBeVisible();
});
