import { createHash, timingSafeEqual } from 'node:crypto';

/** Somebody who can sign in at the identity provider, and what it says of them. */
export interface IdentityPerson {
  /** What they type, and `preferred_username`. */
  readonly name: string;
  readonly fullName: string;
  readonly email: string;
  readonly groups: readonly string[];
  readonly password: string;
  /** What they do, for the list on the page. */
  readonly title?: string;
  /** False for an address that nobody has looked at. True when absent. */
  readonly emailVerified?: boolean;
  /** `sub`; the name when absent. */
  readonly subject?: string;
}

export const subjectOf = ({ subject, name }: IdentityPerson): string => subject ?? name;

/** The person with this name and password; undefined for every other pair. */
export function personBehind(
  people: readonly IdentityPerson[],
  { username, password }: { username: string; password: string },
): IdentityPerson | undefined {
  const person = people.find(({ name }) => name === username.trim().toLowerCase());
  // Also for a name that is not there: how long an answer takes tells nobody which names are.
  const isRight = timingSafeEqual(digestOf(password), digestOf(person?.password ?? ''));
  return isRight && password !== '' ? person : undefined;
}

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

/** The claims of a person, as the scopes of the request ask for them. */
export function claimsOf(person: IdentityPerson) {
  return {
    sub: subjectOf(person),
    name: person.fullName,
    preferred_username: person.name,
    email: person.email,
    email_verified: person.emailVerified ?? true,
    groups: person.groups,
  };
}
