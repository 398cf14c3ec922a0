import { readFile } from 'node:fs/promises';
import { GuichetError, type Principal, Slug, type TokenScope } from '@guichet/contract';
import { parse } from 'yaml';
import { z } from 'zod';

/** The company file: who there is, who owns what. */
const CompanyFile = z.strictObject({
  people: z.array(z.strictObject({ name: Slug, fullName: z.string().min(1), email: z.email().optional() })),
  teams: z.array(z.strictObject({ name: Slug, title: z.string().optional(), members: z.array(Slug) })),
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
  readonly teams: readonly string[];
}

/** A member as a caller, with what their token is narrowed to. */
export function asPrincipal({ id, kind, name, email, teams }: Member, scope: TokenScope): Principal {
  return { id, kind, name, ...(email !== undefined && { email }), teams: [...teams], scope };
}

/** People, teams, services and machines, by id: `user:nadia`, `machine:ci-orders`. */
export class Company {
  readonly #members: ReadonlyMap<string, Member>;
  readonly teams: ReadonlySet<string>;

  constructor(file: CompanyFile) {
    this.teams = new Set(file.teams.map(({ name }) => name));
    const teamsOf = (person: string): string[] =>
      file.teams.filter(({ members }) => members.includes(person)).map(({ name }) => name);
    const people = file.people.map(
      ({ name, fullName, email }): Member => ({ id: `user:${name}`, kind: 'user', name: fullName, email, teams: teamsOf(name) }),
    );
    const machines = file.machines.map(
      ({ name, team }): Member => ({ id: `machine:${name}`, kind: 'machine', name, teams: [team] }),
    );
    this.#members = new Map([...people, ...machines].map((member) => [member.id, member]));
  }

  member(id: string): Member | undefined {
    return this.#members.get(id);
  }

  /** Machines that one of the teams owns. */
  machinesOf(teams: readonly string[]): Member[] {
    return [...this.#members.values()].filter(
      (member) => member.kind === 'machine' && member.teams.some((team) => teams.includes(team)),
    );
  }

  teamsOf(id: string): readonly string[] {
    return this.#members.get(id)?.teams ?? [];
  }
}

/** Reads and checks a company file; refuses with the file, the place and what is wrong. */
export async function loadCompany(path: string): Promise<Company> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new GuichetError('config.invalid', `The company file ${path} cannot be read.`, {
      remedy: 'Set catalog.company to a YAML file.',
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
    throw new GuichetError(
      'config.invalid',
      `${path}: not valid YAML: ${error instanceof Error ? error.message : 'unknown error'}`,
    );
  }
  const parsed = CompanyFile.safeParse(document);
  if (!parsed.success)
    throw invalid(
      path,
      parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`),
    );
  const findings = inconsistencies(parsed.data);
  if (findings.length > 0) throw invalid(path, findings);
  return new Company(parsed.data);
}

function invalid(path: string, findings: readonly string[]): GuichetError {
  return new GuichetError('config.invalid', `${path}: ${findings.join('; ')}`, { remedy: 'Mend the file and start again.' });
}

function inconsistencies(file: CompanyFile): string[] {
  const people = new Set(file.people.map(({ name }) => name));
  const teams = new Set(file.teams.map(({ name }) => name));
  const duplicates = (kind: string, names: readonly string[]): string[] =>
    names.filter((name, index) => names.indexOf(name) !== index).map((name) => `${kind}: '${name}' stands twice`);
  return [
    ...duplicates(
      'people',
      file.people.map(({ name }) => name),
    ),
    ...duplicates(
      'teams',
      file.teams.map(({ name }) => name),
    ),
    ...duplicates(
      'machines',
      file.machines.map(({ name }) => name),
    ),
    ...file.teams.flatMap((team) =>
      team.members.filter((name) => !people.has(name)).map((name) => `teams.${team.name}.members: there is no person '${name}'`),
    ),
    ...file.services
      .filter(({ team }) => !teams.has(team))
      .map(({ name, team }) => `services.${name}.team: there is no team '${team}'`),
    ...file.machines
      .filter(({ team }) => !teams.has(team))
      .map(({ name, team }) => `machines.${name}.team: there is no team '${team}'`),
  ];
}
