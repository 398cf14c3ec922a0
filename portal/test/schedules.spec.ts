import { expect, test } from './support/fixtures.ts';

test('makes a schedule with its next times in sight, pauses it, resumes it, deletes it', async ({ asNadia, complaints }) => {
  await asNadia.goto('/schedules');
  await asNadia.getByRole('link', { name: 'New schedule' }).click();
  await asNadia.getByRole('combobox', { name: /^Action/ }).fill('reindex');
  await asNadia.getByRole('option', { name: /orders\.reindex/ }).click();
  await asNadia.getByRole('combobox', { name: /^Environment/ }).click();
  await asNadia.getByRole('option', { name: 'staging' }).click();
  const when = asNadia.getByRole('textbox', { name: /^When/ });
  await when.fill('0 3 * * 8');
  await expect(asNadia.getByText('It would never be due.')).toBeVisible();
  await expect(asNadia.getByText(/not five parts/)).toBeVisible();
  await asNadia.getByRole('button', { name: 'every Monday' }).click();
  await expect(asNadia.getByText(/^Mon, \d+ \w+ \d{4}, 08:00 CET/)).toHaveCount(5);
  await asNadia.getByRole('button', { name: 'Make the schedule' }).click();
  await expect(asNadia.getByText('Say why, in at least 3 characters.')).toBeVisible();
  await asNadia.getByRole('textbox', { name: /^Name/ }).fill('weekly-reindex');
  await asNadia.getByRole('textbox', { name: /^Reason/ }).fill('so that what is new is found');
  await asNadia.getByRole('button', { name: 'Make the schedule' }).click();
  await expect(asNadia.getByRole('heading', { level: 1, name: 'weekly-reindex' })).toBeVisible();
  await expect(asNadia.getByText(/08:00 CET/)).toHaveCount(5);

  await asNadia.getByRole('button', { name: 'Pause' }).click();
  await asNadia.getByRole('dialog').getByLabel('Why (optional)').fill('the index is rebuilt by hand');
  await asNadia.getByRole('dialog').getByRole('button', { name: 'Pause' }).click();
  await expect(asNadia.getByText('the index is rebuilt by hand')).toBeVisible();
  await asNadia.getByRole('button', { name: 'Resume' }).click();
  await expect(asNadia.getByText('Active', { exact: true })).toBeVisible();
  complaints.expect(/404/); // what is gone may be asked for once more on the way out
  await asNadia.getByRole('button', { name: 'Delete' }).click();
  await asNadia.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(asNadia).toHaveURL(/\/schedules$/);
  await expect(asNadia.getByText('weekly-reindex is deleted')).toBeVisible();
});
