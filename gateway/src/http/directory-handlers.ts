import { type ErrorCode, GuichetError, type Person, type Principal, type Service, type Team } from '@guichet/contract';
import type {
  Company,
  CompanyKeeper,
  Team as CompanyTeam,
  Directory,
  Environments,
  Member,
  ServiceEntry,
} from '../catalog/index.ts';
import type { Database } from '../db/index.ts';
import { suggestion } from '../findings/index.ts';
import { denied, type Policy } from '../policy/index.ts';
import type { Handlers } from './call.ts';

type DirectoryHandlers = Pick<
  Handlers,
  | 'company.show'
  | 'people.list'
  | 'people.show'
  | 'teams.list'
  | 'teams.show'
  | 'services.list'
  | 'services.show'
  | 'environments.list'
  | 'environments.show'
>;

export interface DirectoryServices {
  readonly db: Database;
  readonly policy: Policy;
  readonly directory: Directory;
  readonly environments: Environments;
  readonly companyKeeper: CompanyKeeper;
}

/** The handlers of people, teams and services: parse has happened, ask policy, look them up, reply. */
export function directoryHandlers({ db, policy, directory, environments, companyKeeper }: DirectoryServices): DirectoryHandlers {
  const see = (principal: Principal): void => {
    const decision = policy.decide({ operation: 'directory.see', principal });
    if (decision.effect !== 'permit') throw denied(decision);
  };
  const people = async (): Promise<Person[]> =>
    (await directory.everybody(db)).map((member) => personOf(member, directory.company)).sort(byName);
  const teams = async (): Promise<Team[]> => {
    const members = await directory.everybody(db);
    return directory.company.allTeams.map((team) => teamOf(team, members, directory.company)).sort(byName);
  };
  const refuseUnknown = (team: string | undefined): void => {
    if (team !== undefined && !directory.company.teams.has(team)) throw unknown(team, [...directory.company.teams], TEAM);
  };
  const services = (): Service[] => directory.company.services.map((entry) => serviceOf(entry, directory.company)).sort(byName);
  return {
    'company.show': async ({ caller }) => {
      see(caller.principal);
      const { company } = directory;
      const { digest, since, problem } = companyKeeper.state();
      return {
        digest,
        since,
        people: company.people.length,
        teams: company.teams.size,
        services: company.services.length,
        machines: company.machines.length,
        problem: problem === null ? null : { at: problem.at, findings: [...problem.findings] },
      };
    },
    'people.list': async ({ caller, query: { search, team } }) => {
      see(caller.principal);
      refuseUnknown(team);
      const isWanted = ({ name, fullName, email, teams: of }: Person): boolean =>
        contains([name, fullName, email], search) && (team === undefined || of.includes(team));
      return { items: (await people()).filter(isWanted) };
    },
    'people.show': async ({ caller, params }) => {
      see(caller.principal);
      return found(await people(), params.person, PERSON);
    },
    'teams.list': async ({ caller, query: { search } }) => {
      see(caller.principal);
      return { items: (await teams()).filter(({ name, title }) => contains([name, title], search)) };
    },
    'teams.show': async ({ caller, params }) => {
      see(caller.principal);
      return found(await teams(), params.team, TEAM);
    },
    'services.list': async ({ caller, query: { search, team } }) => {
      see(caller.principal);
      refuseUnknown(team);
      const isWanted = ({ name, title, team: owner }: Service): boolean =>
        contains([name, title], search) && (team === undefined || owner === team);
      return { items: services().filter(isWanted) };
    },
    'services.show': async ({ caller, params }) => {
      see(caller.principal);
      return found(services(), params.service, SERVICE);
    },
    'environments.list': async ({ caller }) => {
      see(caller.principal);
      return { items: environments.list() };
    },
    'environments.show': async ({ caller, params, query: { team } }) => {
      see(caller.principal);
      refuseUnknown(team);
      const environment = await environments.show(params.environment, team);
      if (environment === undefined) throw unknown(params.environment, environments.names, ENVIRONMENT);
      return environment;
    },
  };
}

const byName = (one: { name: string }, other: { name: string }): number => (one.name < other.name ? -1 : 1);
const bare = (id: string): string => id.slice('user:'.length);

function contains(texts: readonly (string | null)[], search = ''): boolean {
  return texts.some((text) => text?.toLowerCase().includes(search.toLowerCase()));
}

interface Kind {
  readonly code: ErrorCode;
  readonly one: string;
  /** What shows all of them. */
  readonly list: string;
}

const PERSON: Kind = { code: 'person.unknown', one: 'person', list: 'guichet people list' };
const TEAM: Kind = { code: 'team.unknown', one: 'team', list: 'guichet teams list' };
const SERVICE: Kind = { code: 'service.unknown', one: 'service', list: 'guichet services list' };
const ENVIRONMENT: Kind = { code: 'environment.unknown', one: 'environment', list: 'guichet environments list' };

function found<Item extends { readonly name: string }>(items: readonly Item[], name: string, kind: Kind): Item {
  const item = items.find((one) => one.name === name);
  if (item !== undefined) return item;
  const names = items.map((one) => one.name);
  throw unknown(name, names, kind);
}

function unknown(name: string, known: readonly string[], { code, one, list }: Kind): GuichetError {
  const remedy = suggestion(name, known) ?? `${list} shows them.`;
  return new GuichetError(code, `There is no ${one} '${name}'.`, { remedy });
}

function personOf({ id, name, email, teams, onCall, manager, person }: Member, company: Company): Person {
  return {
    name: bare(id),
    fullName: name,
    email: email ?? null,
    teams: [...teams],
    onCall: [...onCall],
    manages: company.allTeams.filter(({ managers }) => managers.includes(bare(id))).map((team) => team.name),
    manager: manager === null ? null : bare(manager),
    sameAs: person === null || person === id ? null : bare(person),
    listed: company.member(id) !== undefined,
  };
}

function teamOf({ name, title, parent, managers, onCall }: CompanyTeam, people: readonly Member[], company: Company): Team {
  const owned = (things: readonly { name: string; team: string }[]): string[] =>
    things.filter(({ team }) => team === name).map((thing) => thing.name);
  return {
    name,
    title: title ?? null,
    parent: parent ?? null,
    members: people.filter(({ teams }) => teams.includes(name)).map(({ id }) => bare(id)),
    managers: [...managers],
    onCall: [...onCall],
    services: owned(company.services),
    machines: owned(company.machines),
  };
}

function serviceOf(entry: ServiceEntry, company: Company): Service {
  const { name, title, description, team, lifecycle, system, dependsOn, links, environments } = entry;
  return {
    name,
    title: title ?? null,
    description: description ?? null,
    team,
    lifecycle: lifecycle ?? null,
    system: system ?? null,
    dependsOn: [...dependsOn],
    neededBy: company.services.filter((other) => other.dependsOn.includes(name)).map((other) => other.name),
    links: links.map((link) => ({ ...link })),
    environments: environments.map((each) => ({ name: each.name, links: each.links.map((link) => ({ ...link })) })),
  };
}
