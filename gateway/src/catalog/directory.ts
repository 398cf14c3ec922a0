import { type Actor, type ApproverGroup, approverGroupsOf } from '@guichet/contract';
import { type Queryable, statement } from '../db/index.ts';
import type { Company, Member } from './company/index.ts';

/** What the identity provider said of a person when they last signed in; teams by the mapping of groups. */
export interface Claims {
  readonly name: string;
  readonly email: string | null;
  readonly teams: readonly string[];
}

type Claimed = Claims & { readonly principalId: string };

const CLAIMS = statement(
  'directory-claims',
  'select principal_id as "principalId", name, email, teams from directory_claims where principal_id = any ($1::text[]) and valid_until > now()',
);

const CLAIMED = statement(
  'directory-claimed',
  'select principal_id as "principalId", name, email, teams from directory_claims where teams && $1::text[] and valid_until > now()',
);

const ALL_CLAIMED = statement(
  'directory-all-claimed',
  'select principal_id as "principalId", name, email, teams from directory_claims where valid_until > now()',
);

export interface DirectoryOptions {
  readonly company: Company;
  /** True when whoever the identity provider vouches for is admitted, not only those of the company's files. */
  readonly admitClaims?: boolean | undefined;
}

/** Who there is, at this moment: the company's files, and the groups that the identity provider tells. */
export class Directory {
  #company: Company;
  readonly #admitClaims: boolean;

  constructor({ company, admitClaims = false }: DirectoryOptions) {
    this.#company = company;
    this.#admitClaims = admitClaims;
  }

  get company(): Company {
    return this.#company;
  }

  /** From now on this is the company. */
  replace(company: Company): void {
    this.#company = company;
  }

  /** Members by id, with their teams as they are now; read it inside the transaction that decides on them. */
  async members(db: Queryable, ids: readonly string[]): Promise<ReadonlyMap<string, Member>> {
    const rows = await db.query<Claimed>(CLAIMS, [ids]);
    const claims = new Map(rows.map((row) => [row.principalId, row]));
    const found = ids.flatMap((id) => this.member(id, claims.get(id) ?? null) ?? []);
    return new Map(found.map((member) => [member.id, member]));
  }

  /** Every person, with their teams as they are now. */
  async everybody(db: Queryable): Promise<Member[]> {
    return this.#people(await db.query<Claimed>(ALL_CLAIMED, []));
  }

  #people(rows: readonly Claimed[]): Member[] {
    const claims = new Map(rows.map((row) => [row.principalId, row]));
    const ids = new Set([...this.#company.people.map(({ id }) => id), ...claims.keys()]);
    return [...ids].flatMap((id) => this.member(id, claims.get(id) ?? null) ?? []);
  }

  /** Everybody who belongs to one of the groups now, by name. */
  async approvers(db: Queryable, groups: readonly ApproverGroup[]): Promise<Member[]> {
    const teams = groups.filter((group) => group.startsWith('team:')).map((group) => group.slice('team:'.length));
    return this.#people(await db.query<Claimed>(CLAIMED, [teams]))
      .filter((member) => approverGroupsOf(member).some((group) => groups.includes(group)))
      .sort((one, other) => one.name.localeCompare(other.name));
  }

  /** Whom ids and groups stand for now: people and machines, each once, by name. */
  async named(db: Queryable, idsAndGroups: readonly string[]): Promise<Actor[]> {
    const isGroup = (each: string): each is ApproverGroup => each.startsWith('team:') || each.startsWith('on-call:');
    const own = await this.members(
      db,
      idsAndGroups.filter((each) => !isGroup(each)),
    );
    const groups = await this.approvers(db, idsAndGroups.filter(isGroup));
    const all = new Map([...own.values(), ...groups].map(({ id, name }) => [id, { id, name }]));
    return [...all.values()].sort((one, other) => one.name.localeCompare(other.name));
  }

  /** Ids of every account of a person. */
  accountsOf(person: string): string[] {
    return [person, ...this.#company.people.filter((member) => member.person === person).map(({ id }) => id)];
  }

  /** A member with what was claimed of them; undefined for who is not, or no longer, one. */
  member(id: string, claims: Claims | null): Member | undefined {
    const listed = this.#company.member(id);
    if (claims === null || listed?.kind === 'machine') return listed;
    if (listed !== undefined) return { ...listed, teams: [...new Set([...listed.teams, ...claims.teams])] };
    if (!this.#admitClaims) return undefined;
    const { name, email, teams } = claims;
    return { id, kind: 'user', name, email: email ?? undefined, person: id, teams, onCall: [], manager: null };
  }
}
