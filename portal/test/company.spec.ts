import { expect, test } from './support/fixtures.ts';
import { panel } from './support/panel.ts';

test('finds a service by typing and by the keyboard, and shows what it needs', async ({ asNadia }) => {
  await asNadia.goto('/services');
  await expect(asNadia.getByRole('row')).toHaveCount(5);
  await asNadia.keyboard.press('/');
  await asNadia.keyboard.type('invo');
  await expect(asNadia.getByRole('status').filter({ hasText: '1 service' })).toBeVisible();
  await expect(asNadia).toHaveURL(/search=invo/);
  await asNadia.getByRole('link', { name: 'Invoices' }).click();
  await expect(asNadia.getByRole('heading', { level: 1, name: 'Invoices' })).toBeVisible();
  const graph = asNadia.getByRole('group', { name: 'What Invoices needs, and what needs it' });
  await expect(graph.getByRole('link', { name: 'ledger' })).toBeVisible();
  await graph.getByRole('link', { name: 'orders' }).click();
  await expect(asNadia.getByRole('heading', { level: 1, name: 'Orders' })).toBeVisible();
});

test('leads from a team to its people and what they asked for', async ({ asNadia, world }) => {
  await asNadia.goto('/teams/payments');
  await expect(panel(asNadia, 'About').getByRole('link', { name: 'Sven Lindqvist' })).toBeVisible();
  await panel(asNadia, 'Members').getByRole('link', { name: 'Nadia Benali' }).click();
  await expect(asNadia.getByRole('heading', { level: 1, name: 'Nadia Benali' })).toBeVisible();
  await expect(panel(asNadia, 'About').getByRole('link', { name: 'Marta Nowak' })).toBeVisible();
  await expect(panel(asNadia, 'Recent requests').getByRole('listitem').first()).toContainText('REQ-');
  expect(world.done).toMatch(/^REQ-/);
});

test('shows how to reach an environment and what runs there, of one team when the address says so', async ({ asNadia }) => {
  await asNadia.goto('/environments/production');
  await expect(panel(asNadia, 'About')).toContainText('2 May 2023');
  await expect(asNadia.getByRole('group', { name: 'Configure kubectl' })).toContainText('aws eks update-kubeconfig');
  const applications = panel(asNadia, 'Applications');
  await expect(applications.getByRole('listitem').filter({ hasText: 'Ledger' }).first()).toContainText('Deployment unknown');
  await applications.getByRole('combobox', { name: 'Team' }).click();
  await asNadia.getByRole('option', { name: 'payments' }).click();
  await expect(asNadia).toHaveURL(/team=payments/);
  await expect(applications.getByRole('link', { name: 'Ledger' })).toBeHidden();
  await expect(applications.getByRole('link', { name: /^Argo CD/ }).first()).toHaveAttribute('rel', 'noopener noreferrer');
});

test('says of a name that is not there which one is meant', async ({ asNadia, complaints }) => {
  complaints.expect(/404/);
  await asNadia.goto('/services/order');
  await expect(asNadia.getByText(/orders/)).toBeVisible();
});

test('says which files of the company count', async ({ asNadia }) => {
  await asNadia.goto('/company');
  await expect(asNadia.getByText('The files as they are now are in force.')).toBeVisible();
  await expect(panel(asNadia, 'In force')).toContainText('4 services');
});
