import type { ApplicationLink, PolicyFinding } from '@guichet/contract';

/** What is wrong at a place in one of the company's files; `field` is the JSON pointer in its document. */
export type CompanyFinding = Omit<PolicyFinding, 'severity'> & { readonly field: string };

/** Where an entry was read, and how to speak of it. */
export interface Source {
  readonly path: string;
  /** Line of a field of the entry, by its pointer inside the entry; of the entry itself for ''. */
  finding(pointer: string, about: { message: string; remedy?: string | undefined }): CompanyFinding;
  readonly line: number;
}

export interface PersonEntry {
  readonly name: string;
  readonly fullName: string;
  readonly email?: string | undefined;
  readonly manager?: string | undefined;
  readonly sameAs?: string | undefined;
  /** Teams that the entry of the person names. */
  readonly memberOf: readonly string[];
}

export interface TeamEntry {
  readonly name: string;
  readonly title?: string | undefined;
  readonly parent?: string | undefined;
  readonly members: readonly string[];
  readonly managers: readonly string[];
  readonly onCall: readonly string[];
}

export interface Link {
  readonly title: string;
  readonly url: string;
}

export interface ServiceEntry {
  readonly name: string;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly team: string;
  readonly lifecycle?: string | undefined;
  /** What it is a part of, with other services. */
  readonly system?: string | undefined;
  readonly dependsOn: readonly string[];
  readonly links: readonly Link[];
  /** Where it runs, and what to look at there. */
  readonly environments: readonly { readonly name: string; readonly links: readonly ApplicationLink[] }[];
}

/** What is said of an environment of the configuration. */
export interface EnvironmentEntry {
  readonly name: string;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  /** Name of the team. */
  readonly owner?: string | undefined;
  /** A day: 2024-03-11. */
  readonly created?: string | undefined;
  readonly configure: readonly { readonly title: string; readonly command: string }[];
  readonly links: readonly Link[];
}

export interface MachineEntry {
  readonly name: string;
  readonly team: string;
}

/** All that files say, each thing with where it was said. */
export interface Entries {
  readonly people: readonly (PersonEntry & { readonly source: Source })[];
  readonly teams: readonly (TeamEntry & { readonly source: Source })[];
  readonly services: readonly (ServiceEntry & { readonly source: Source })[];
  readonly machines: readonly (MachineEntry & { readonly source: Source })[];
  readonly environments: readonly (EnvironmentEntry & { readonly source: Source })[];
}

export const NO_ENTRIES: Entries = { people: [], teams: [], services: [], machines: [], environments: [] };

export function merged(parts: readonly Entries[]): Entries {
  return {
    people: parts.flatMap(({ people }) => people),
    teams: parts.flatMap(({ teams }) => teams),
    services: parts.flatMap(({ services }) => services),
    machines: parts.flatMap(({ machines }) => machines),
    environments: parts.flatMap(({ environments }) => environments),
  };
}
