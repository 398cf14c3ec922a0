import type { Company, Member } from '../catalog/index.ts';
import { accountsOf } from './admission.ts';
import type { OidcConfig } from './config.ts';

/** Whom an id stood for when it was looked at last. */
export interface Holder {
  readonly id: string;
  /** In the company's files; otherwise the identity provider alone knows them. */
  readonly listed: boolean;
  readonly name: string | null;
  readonly email: string | null;
  /** The team that owns a machine. */
  readonly team: string | null;
  /** Since when the files do not list them any more. */
  readonly leftAt: Date | null;
}

/** What an account said, at its last sign-in, that made it a person; null for one that came before this was kept. */
export interface Said {
  readonly claim: string | null;
  readonly value: string | null;
}

/** Whom an id stands for by the company's files. */
export function holderOf({ id, kind, name, email, teams }: Member): Holder {
  const team = kind === 'machine' ? (teams[0] ?? null) : null;
  return { id, listed: true, name, email: email ?? null, team, leftAt: null };
}

/**
 * Whether an id that the files list stands for another than before. Files are changed by hand, and people get other names
 * and addresses: of one who was in them all the time one of the two is enough to be the same. Who comes back after they
 * were not in them, and a machine that does, has to be more like the one before.
 */
export function isAnother(before: Holder, now: Holder): boolean {
  if (now.id.startsWith('machine:')) return before.leftAt !== null && before.team !== now.team;
  const haveAddresses = before.email !== null && now.email !== null;
  const sameAddress = haveAddresses && isSameAddress(before.email, now.email);
  const sameName = before.name === now.name;
  if (before.leftAt !== null && haveAddresses) return !sameAddress;
  return !sameAddress && !sameName;
}

/** Whether accounts would still be taken for the person with this id when they signed in again. */
export function areStill(
  id: string,
  accounts: readonly Said[],
  { oidc, company }: { oidc: OidcConfig | undefined; company: Company },
): boolean {
  return accounts.every(({ claim, value }) => {
    if (oidc === undefined || claim !== oidc.person.claim || value === null) return false;
    const [account, ...others] = accountsOf(value, oidc, company);
    return account === id && others.length === 0;
  });
}

/** ASCII alone, as in sign-ins. */
export function isSameAddress(one: string | null, other: string | null): boolean {
  const lower = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return one === other || (one !== null && other !== null && lower(one) === lower(other));
}
