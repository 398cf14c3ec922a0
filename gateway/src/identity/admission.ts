import { GuichetError, Slug } from '@guichet/contract';
import type { Company } from '../catalog/index.ts';
import type { OidcConfig } from './config.ts';

/** What the identity provider vouches for. */
export interface Identity {
  readonly issuer: string;
  readonly subject: string;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Who in the company it is, with what was claimed of them. */
export interface Admission {
  readonly principalId: string;
  readonly name: string;
  readonly email: string | null;
  /** Teams by the mapping of groups; groups without one count for nothing. */
  readonly teams: readonly string[];
  /** What said who it is. */
  readonly said: { readonly claim: string; readonly value: string };
}

export type AdmissionRules = Pick<OidcConfig, 'person' | 'groups' | 'admit'>;

/** Who in the company somebody is whom the identity provider vouches for; `sign_in.refused` says what is in the way. */
export function admissionOf({ claims }: Identity, rules: AdmissionRules, company: Company): Admission {
  const value = personClaim(claims, rules);
  const principalId = listed(value, rules, company) ?? unlisted(value, rules, company);
  return {
    principalId,
    name: textOf(claims['name']) ?? principalId.replace('user:', ''),
    email: addressOf(claims, rules),
    teams: teamsOf(claims, rules),
    said: { claim: rules.person.claim, value },
  };
}

/** The value as it is: what is taken out of a text before it is shown must not make somebody of another name this one. */
function personClaim(claims: Identity['claims'], rules: AdmissionRules): string {
  const { claim } = rules.person;
  const value = claimAt(claims, claim);
  const shown = textOf(value);
  if (typeof value !== 'string' || shown === undefined)
    throw refused(`The identity provider does not say the claim '${claim}' of this account.`, {
      remedy: 'The team that runs Guichet: have the provider give it (identity.oidc.scopes), or set identity.oidc.person.claim.',
    });
  if (!isPlain(value))
    throw refused(`The claim '${claim}' of this account, '${shown}', is not one line of at most 200 visible characters.`, {
      remedy:
        'Have it mended at the identity provider. The team that runs Guichet: somebody may have wanted to pass for another.',
    });
  if (claim === 'email' && !isBelieved(claims, rules))
    throw refused(`The identity provider has not verified the address ${value}.`, {
      remedy:
        'Verify it there and sign in again. Of a provider where nobody can choose an address: identity.oidc.person.trustUnverifiedEmail.',
    });
  return value;
}

/** Some providers write a truth as a text. All else, and silence, is no yes. */
function isBelieved(claims: Identity['claims'], { person: { trustUnverifiedEmail } }: AdmissionRules): boolean {
  return trustUnverifiedEmail || claims['email_verified'] === true || claims['email_verified'] === 'true';
}

/** Policies ask for it, and people are found by it: one that anybody may have written is none. */
function addressOf(claims: Identity['claims'], rules: AdmissionRules): string | null {
  const email = claims['email'];
  return typeof email === 'string' && email !== '' && isPlain(email) && isBelieved(claims, rules) ? email : null;
}

/** The accounts of the company's files that a claim stands for: one, none, or too many to be anybody. */
export function accountsOf(value: string, { person: { claim } }: Pick<AdmissionRules, 'person'>, company: Company): string[] {
  if (claim !== 'email') return company.people.filter(({ id }) => id === `user:${value}`).map(({ id }) => id);
  const address = lowerCase(value);
  return company.people.filter(({ email }) => email !== undefined && lowerCase(email) === address).map(({ id }) => id);
}

function listed(value: string, rules: AdmissionRules, company: Company): string | undefined {
  const [first, second] = accountsOf(value, rules, company);
  if (first === undefined || second === undefined) return first;
  throw refused(`Several people of the company have the address ${value}.`, {
    remedy: 'The team that runs Guichet: give one account of each person its own address in the company file.',
  });
}

function unlisted(value: string, { person: { claim }, admit }: AdmissionRules, company: Company): string {
  const field = claim === 'email' ? 'email' : 'name';
  if (admit === 'listed')
    throw refused(`Nobody in the company has the ${field} '${value}'.`, {
      remedy: `The team that runs Guichet: add them to the company file with this ${field}.`,
    });
  const name = asName(claim === 'email' ? value.slice(0, value.lastIndexOf('@')) : value);
  if (name === undefined)
    throw refused(`'${value}' cannot be made a name of lower-case words joined by hyphens.`, {
      remedy: 'The team that runs Guichet: list the person in the company file, or set identity.oidc.person.claim.',
    });
  const principalId = `user:${name}`;
  // Whoever calls themselves like somebody of the company at another domain is not them.
  if (company.member(principalId) !== undefined)
    throw refused(`The company has another person called '${name}'.`, {
      remedy: `The team that runs Guichet: if it is the same one, give them the ${field} '${value}' in the company file.`,
    });
  return principalId;
}

/** `Ann.Lee_Meyer` as `ann-lee-meyer`; undefined for what has no such form. */
function asName(text: string): string | undefined {
  const name = lowerCase(text).replace(/[._]/g, '-');
  return Slug.safeParse(name).success ? name : undefined;
}

function teamsOf(claims: Identity['claims'], { groups }: AdmissionRules): string[] {
  if (groups === undefined) return [];
  const claimed = claimAt(claims, groups.claim);
  const names = (Array.isArray(claimed) ? claimed : [claimed]).filter((name) => typeof name === 'string');
  return [...new Set(names.flatMap((name) => (Object.hasOwn(groups.teams, name) ? (groups.teams[name] ?? []) : [])))];
}

/** A claim by its name, or by its path, as in `realm_access.roles`. */
export function claimAt(claims: Identity['claims'], name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  const [head, ...rest] = name.split('.');
  if (head === undefined || rest.length === 0 || !Object.hasOwn(claims, head)) return undefined;
  const inner = claims[head];
  return typeof inner === 'object' && inner !== null ? claimAt({ ...inner }, rest.join('.')) : undefined;
}

/** One line, with nothing in it that is not seen: it can be compared with what people have written. */
const isPlain = (text: string): boolean => text.length <= 200 && !/\p{C}|[\u2028\u2029]/u.test(text) && text === text.trim();

/** One line of text out of a claim: it is shown to people. */
function textOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const line = value
    .replace(/\p{C}+/gu, ' ')
    .trim()
    .slice(0, 200);
  return line === '' ? undefined : line;
}

/** ASCII alone: `K` (the sign of Kelvin) must not become a `k`. */
const lowerCase = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

function refused(message: string, { remedy }: { remedy: string }): GuichetError {
  return new GuichetError('sign_in.refused', message, { remedy });
}
