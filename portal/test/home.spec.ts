import type { Request } from '@guichet/contract';
import { expect, test } from './support/fixtures.ts';
import { panel } from './support/panel.ts';

test('shows what waits, what is under way and what happened, each to whom it concerns, as it comes', async ({
  asAmine,
  asNadia,
  calls,
}) => {
  await asAmine.goto('/');
  await asNadia.goto('/');
  await expect(asNadia.getByRole('heading', { level: 1, name: 'Home' })).toBeVisible();
  const { id } = await calls.send<Request>('nadia', 'POST', '/v1/requests', {
    body: {
      action: 'orders.refund',
      environment: 'production',
      input: { order: 'A-1043', amount: 171 },
      reason: 'shown at home',
    },
  });
  await expect(panel(asAmine, 'Waiting for you').getByText(id)).toBeVisible();
  await expect(panel(asNadia, 'Mine in flight').getByText(id)).toBeVisible();
  await expect(panel(asNadia, 'Waiting for you').getByText(id)).toBeHidden();
  const services = panel(asNadia, 'Services of my teams').getByRole('listitem');
  await expect(services.filter({ hasText: 'Orders' }).first()).toContainText(/\d+ open request/);
  await calls.send('amine', 'POST', `/v1/requests/${id}/approve`, { body: {} });
  const today = panel(asNadia, 'Production today').getByRole('listitem').filter({ hasText: id });
  await expect(today).toContainText('Succeeded');
  await expect(panel(asNadia, 'Mine in flight').getByText(id)).toBeHidden();
  await expect(panel(asAmine, 'Waiting for you').getByText(id)).toBeHidden();
  await today.getByRole('link').click();
  await expect(asNadia).toHaveURL(new RegExp(`/requests/${id}$`));
});

test('shows the services of my teams with what is open on them and who is on call', async ({ asNadia }) => {
  await asNadia.goto('/');
  const mine = panel(asNadia, 'Services of my teams');
  await expect(mine.getByRole('link', { name: 'Orders', exact: true })).toBeVisible();
  await expect(mine.getByRole('link', { name: 'Sven Lindqvist' })).toBeVisible();
  await expect(mine.getByText('Ledger')).toBeHidden();
});

test('keeps the action that was used last, and a starred one, at hand', async ({ asNadia }) => {
  await asNadia.goto('/actions/orders.refund');
  await asNadia.getByRole('heading', { level: 1, name: 'Refund an order' }).waitFor();
  await asNadia.goto('/');
  await panel(asNadia, 'At hand').getByRole('link', { name: 'Refund an order' }).click();
  await expect(asNadia).toHaveURL(/\/actions\/orders\.refund/);
});
