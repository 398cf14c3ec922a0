import { expect, type Page } from '@playwright/test';
import type { Person } from './running.ts';

/** What everybody of the demo signs in with. */
const PASSWORD = 'guichet';

/** Fills in the page of the identity provider, which must be open or be about to open. */
export async function signInAs(page: Page, person: Person): Promise<void> {
  await page.getByLabel('User name').fill(person);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** The names by which the console shows them. */
export const NAMES: Readonly<Record<Person, string>> = {
  nadia: 'Nadia Benali',
  amine: 'Amine Diallo',
  sven: 'Sven Lindqvist',
  marta: 'Marta Nowak',
};

export async function expectSignedIn(page: Page, person: Person): Promise<void> {
  await expect(page.getByRole('button', { name: `Account of ${NAMES[person]}` })).toBeVisible();
}
