import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';
import type { IdentityPerson } from './identity-provider/person.ts';

/** The company file that the gateway reads. */
export const COMPANY = fileURLToPath(new URL('../company.yaml', import.meta.url));

/** What everybody signs in with: it is printed, and stands on the page of the identity provider. */
export const PASSWORD = 'guichet';

/** What the identity provider knows of people beyond the company file. */
const ACCOUNTS: Readonly<Record<string, Pick<IdentityPerson, 'groups'> & { readonly title: string }>> = {
  nadia: { title: 'developer, team payments', groups: ['engineering'] },
  amine: { title: 'her teammate, team payments', groups: ['engineering'] },
  sven: { title: 'SRE, team platform, on call for payments', groups: ['engineering', 'sre'] },
  marta: { title: 'manager of payments', groups: ['engineering', 'managers'] },
};

/** The team that each group of the identity provider stands for. Groups that are not here count for nothing. */
export const TEAM_OF_GROUP = { sre: 'platform' };

const People = z.object({ people: z.array(z.object({ name: z.string(), fullName: z.string(), email: z.email() })) });

export interface DemoPerson extends IdentityPerson {
  readonly title: string;
}

/** Everybody of the company, with an account. */
export function demoPeople(): DemoPerson[] {
  const { people } = People.parse(parse(readFileSync(COMPANY, 'utf8')));
  return people.map((person) => {
    const account = ACCOUNTS[person.name] ?? { title: '', groups: [] };
    return { ...person, ...account, password: PASSWORD };
  });
}
