import type { Principal, TokenScope } from '@guichet/contract';
import type { Entries, EnvironmentEntry, MachineEntry, PersonEntry, ServiceEntry, TeamEntry } from './entries.ts';

/** Somebody the company knows. Teams of a machine: the one that owns it. */
export interface Member {
  readonly id: string;
  readonly kind: 'user' | 'machine';
  readonly name: string;
  readonly email?: string | undefined;
  /** Id of the human behind it; null for a machine. */
  readonly person: string | null;
  readonly teams: readonly string[];
  readonly onCall: readonly string[];
  /** user:NAME of whom they report to. */
  readonly manager: string | null;
}

/** A member as a caller, with what their token is narrowed to. */
export function asPrincipal({ email, teams, onCall, ...member }: Member, scope: TokenScope): Principal {
  return { ...member, ...(email !== undefined && { email }), teams: [...teams], onCall: [...onCall], scope };
}

/** A team, with its members from both sides: its own list, and people who name it. */
export interface Team extends Omit<TeamEntry, 'members'> {
  readonly members: readonly string[];
}

/** People, teams, services and machines, by name; members also by id: `user:nadia`, `machine:ci-orders`. */
export class Company {
  readonly #members: ReadonlyMap<string, Member>;
  readonly #teams: ReadonlyMap<string, Team>;
  readonly #services: ReadonlyMap<string, ServiceEntry>;
  readonly #environments: ReadonlyMap<string, EnvironmentEntry>;
  readonly machines: readonly MachineEntry[];
  /** Names of all teams. */
  readonly teams: ReadonlySet<string>;

  /** Of entries that were found consistent. */
  constructor(entries: Entries) {
    const { people, teams, services, machines, environments } = entries;
    this.#teams = new Map(teams.map(({ source: _, ...team }) => [team.name, { ...team, members: membersOf(team, people) }]));
    this.#services = new Map(services.map(({ source: _, ...service }) => [service.name, service]));
    this.#environments = new Map(environments.map(({ source: _, ...each }) => [each.name, each]));
    this.machines = machines.map(({ name, team }) => ({ name, team }));
    this.teams = new Set(this.#teams.keys());
    const all = [...people.map((person) => this.#personMember(person, people)), ...this.machines.map(machineMember)];
    this.#members = new Map(all.map((member) => [member.id, member]));
  }

  #personMember({ name, fullName, email, manager, sameAs }: PersonEntry, people: readonly PersonEntry[]): Member {
    const all = [...this.#teams.values()];
    return {
      id: `user:${name}`,
      kind: 'user',
      name: fullName,
      email,
      person: `user:${sameAs === undefined ? name : rootOf(sameAs, people)}`,
      teams: all.filter(({ members }) => members.includes(name)).map((team) => team.name),
      onCall: all.filter(({ onCall }) => onCall.includes(name)).map((team) => team.name),
      manager: manager === undefined ? null : `user:${manager}`,
    };
  }

  member(id: string): Member | undefined {
    return this.#members.get(id);
  }

  team(name: string): Team | undefined {
    return this.#teams.get(name);
  }

  service(name: string): ServiceEntry | undefined {
    return this.#services.get(name);
  }

  /** What the files say of an environment. */
  environment(name: string): EnvironmentEntry | undefined {
    return this.#environments.get(name);
  }

  servicesIn(environment: string): ServiceEntry[] {
    return this.services.filter(({ environments }) => environments.some(({ name }) => name === environment));
  }

  /** Every account of a person. */
  get people(): Member[] {
    return [...this.#members.values()].filter(({ kind }) => kind === 'user');
  }

  get allTeams(): Team[] {
    return [...this.#teams.values()];
  }

  get services(): ServiceEntry[] {
    return [...this.#services.values()];
  }

  /** Machines that one of the teams owns. */
  machinesOf(teams: readonly string[]): Member[] {
    return [...this.#members.values()].filter(
      (member) => member.kind === 'machine' && member.teams.some((team) => teams.includes(team)),
    );
  }

  /** The human behind an id: whoever has a second account is the same person. An id that is not known stands for itself. */
  personOf(id: string): string | null {
    const member = this.#members.get(id);
    return member === undefined ? (id.startsWith('user:') ? id : null) : member.person;
  }

  /** Ids of those who manage a team. */
  managersOf(team: string): readonly string[] {
    return (this.#teams.get(team)?.managers ?? []).map((name) => `user:${name}`);
  }
}

function membersOf({ name, members }: TeamEntry, people: readonly PersonEntry[]): string[] {
  const naming = people.filter(({ memberOf }) => memberOf.includes(name)).map((person) => person.name);
  return [...new Set([...members, ...naming])];
}

/** The account that a chain of `sameAs` ends at; a chain is no circle in consistent entries. */
function rootOf(name: string, people: readonly PersonEntry[]): string {
  const next = people.find((person) => person.name === name)?.sameAs;
  return next === undefined ? name : rootOf(next, people);
}

function machineMember({ name, team }: MachineEntry): Member {
  return { id: `machine:${name}`, kind: 'machine', name, person: null, teams: [team], onCall: [], manager: null };
}
