import { readFile } from 'node:fs/promises';
import { type FieldError, GuichetError, type Principal, Slug, type TokenScope } from '@guichet/contract';
import { parse } from 'yaml';
import { z } from 'zod';
import { check, invalidFile, notYaml, suggestion } from '../findings/index.ts';

/** The company file: who there is, who owns what. */
const CompanyFile = z.strictObject({
  people: z.array(
    z.strictObject({
      name: Slug,
      fullName: z.string().min(1),
      email: z.email().optional(),
      manager: Slug.optional().describe('Who they report to'),
      sameAs: Slug.optional().describe('Another account of this person'),
    }),
  ),
  teams: z.array(
    z.strictObject({
      name: Slug,
      title: z.string().optional(),
      members: z.array(Slug),
      managers: z.array(Slug).default([]),
      onCall: z.array(Slug).default([]).describe('Who is on call for the team now'),
    }),
  ),
  services: z.array(z.strictObject({ name: Slug, title: z.string().optional(), team: Slug })).default([]),
  machines: z.array(z.strictObject({ name: Slug, team: Slug })).default([]),
});
type CompanyFile = z.infer<typeof CompanyFile>;

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

/** People, teams, services and machines, by id: `user:nadia`, `machine:ci-orders`. */
export class Company {
  readonly #members: ReadonlyMap<string, Member>;
  readonly #managers: ReadonlyMap<string, readonly string[]>;
  readonly teams: ReadonlySet<string>;

  constructor(file: CompanyFile) {
    this.teams = new Set(file.teams.map(({ name }) => name));
    const teamsOf = (person: string): string[] =>
      file.teams.filter(({ members }) => members.includes(person)).map(({ name }) => name);
    const onCallOf = (person: string): string[] =>
      file.teams.filter(({ onCall }) => onCall.includes(person)).map(({ name }) => name);
    const people = file.people.map(
      ({ name, fullName, email, manager, sameAs }): Member => ({
        id: `user:${name}`,
        kind: 'user',
        name: fullName,
        email,
        person: `user:${sameAs ?? name}`,
        teams: teamsOf(name),
        onCall: onCallOf(name),
        manager: manager === undefined ? null : `user:${manager}`,
      }),
    );
    const machines = file.machines.map(
      ({ name, team }): Member => ({
        id: `machine:${name}`,
        kind: 'machine',
        name,
        person: null,
        teams: [team],
        onCall: [],
        manager: null,
      }),
    );
    this.#managers = new Map(file.teams.map(({ name, managers }) => [name, managers.map((manager) => `user:${manager}`)]));
    this.#members = new Map([...people, ...machines].map((member) => [member.id, member]));
  }

  member(id: string): Member | undefined {
    return this.#members.get(id);
  }

  /** Every account of a person. */
  get people(): Member[] {
    return [...this.#members.values()].filter(({ kind }) => kind === 'user');
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
    return this.#managers.get(team) ?? [];
  }
}

/** Reads and checks a company file; refuses with the file, the place and what is wrong. */
export async function loadCompany(path: string): Promise<Company> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new GuichetError('config.invalid', `The company file ${path} cannot be read.`, {
      remedy: "Set 'company' in the configuration to a YAML file of people, teams, services and machines.",
      cause,
    });
  });
  return parseCompany(text, path);
}

export function parseCompany(text: string, path: string): Company {
  let document: unknown;
  try {
    document = parse(text);
  } catch (error) {
    throw notYaml(path, error);
  }
  const checked = check(CompanyFile, document);
  if (!checked.ok) throw invalidFile(path, checked.findings);
  const findings = inconsistencies(checked.value);
  if (findings.length > 0) throw invalidFile(path, findings);
  return new Company(checked.value);
}

function inconsistencies(file: CompanyFile): FieldError[] {
  const people = file.people.map(({ name }) => name);
  const teams = file.teams.map(({ name }) => name);
  return [
    ...duplicates('people', people),
    ...duplicates('teams', teams),
    ...duplicates(
      'machines',
      file.machines.map(({ name }) => name),
    ),
    ...duplicates(
      'services',
      file.services.map(({ name }) => name),
    ),
    ...file.teams.flatMap(({ members }, index) =>
      members.flatMap((name, at) => unknown(`/teams/${index}/members/${at}`, { kind: 'person', name, known: people })),
    ),
    ...file.teams.flatMap(({ managers, onCall }, index) => [
      ...managers.flatMap((name, at) => unknown(`/teams/${index}/managers/${at}`, { kind: 'person', name, known: people })),
      ...onCall.flatMap((name, at) => unknown(`/teams/${index}/onCall/${at}`, { kind: 'person', name, known: people })),
    ]),
    ...file.people.flatMap(({ manager, sameAs }, index) => [
      ...(manager === undefined ? [] : unknown(`/people/${index}/manager`, { kind: 'person', name: manager, known: people })),
      ...(sameAs === undefined ? [] : unknown(`/people/${index}/sameAs`, { kind: 'person', name: sameAs, known: people })),
    ]),
    ...file.services.flatMap(({ team }, index) => unknown(`/services/${index}/team`, { kind: 'team', name: team, known: teams })),
    ...file.machines.flatMap(({ team }, index) => unknown(`/machines/${index}/team`, { kind: 'team', name: team, known: teams })),
  ];
}

function duplicates(list: string, names: readonly string[]): FieldError[] {
  return names.flatMap((name, index) =>
    names.indexOf(name) === index
      ? []
      : [{ field: `/${list}/${index}/name`, message: `'${name}' stands twice`, remedy: 'Name it once.' }],
  );
}

function unknown(field: string, { kind, name, known }: { kind: string; name: string; known: readonly string[] }): FieldError[] {
  if (known.includes(name)) return [];
  return [{ field, message: `names a ${kind} '${name}' that is not there`, remedy: suggestion(name, known) }];
}
