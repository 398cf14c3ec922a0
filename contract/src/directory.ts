import { z } from 'zod';
import { ApplicationLink } from './environment.ts';
import { Slug } from './ids.ts';
import { PolicyFinding } from './policy.ts';

/** Somebody of the company, and where they stand. */
export const Person = z
  .object({
    name: z.string().describe('What they are called by: `nadia` of user:nadia'),
    fullName: z.string(),
    email: z.string().nullable(),
    teams: z.array(Slug).describe('Of the files, and of what the identity provider said when they last signed in'),
    onCall: z.array(Slug).describe('Teams that they are on call for'),
    manages: z.array(Slug).describe('Teams that they manage'),
    manager: z.string().nullable().describe('Name of whom they report to'),
    sameAs: z.string().nullable().describe('Name of the account of the same person that counts; null when it is this one'),
    listed: z.boolean().describe('False for who is known by the identity provider alone'),
  })
  .meta({ id: 'Person' });
export type Person = z.infer<typeof Person>;

export const Team = z
  .object({
    name: Slug,
    title: z.string().nullable(),
    parent: Slug.nullable().describe('Team that this one is a part of'),
    members: z.array(z.string()).describe('Names of people'),
    managers: z.array(z.string()).describe('Names of people'),
    onCall: z.array(z.string()).describe('Names of people'),
    services: z.array(Slug).describe('Services that it owns'),
    machines: z.array(Slug).describe('Machines that it owns'),
  })
  .meta({ id: 'Team' });
export type Team = z.infer<typeof Team>;

export const Service = z
  .object({
    name: Slug,
    title: z.string().nullable(),
    description: z.string().nullable(),
    team: Slug.describe('The team that owns it'),
    lifecycle: z.string().nullable().describe('Such as production, experimental or deprecated'),
    system: z.string().nullable().describe('What it is a part of, with other services'),
    dependsOn: z.array(z.string()).describe('Services that it needs'),
    neededBy: z.array(z.string()).describe('Services that need it'),
    links: z.array(z.object({ title: z.string(), url: z.string() })),
    environments: z
      .array(z.object({ name: Slug, links: z.array(ApplicationLink) }))
      .describe('Where it runs, and where to look at it there'),
  })
  .meta({ id: 'Service' });
export type Service = z.infer<typeof Service>;

export const CompanyFinding = PolicyFinding.omit({ severity: true })
  .extend({ field: z.string().describe('JSON pointer in the document') })
  .meta({ id: 'CompanyFinding' });

/** The files that people and things are read from, as this gateway has them. */
export const CompanyInForce = z
  .object({
    digest: z.string().describe('Names these files: the same files give the same digest, at every replica'),
    since: z.iso.datetime().describe('Since when this gateway goes by them'),
    people: z.int(),
    teams: z.int(),
    services: z.int(),
    machines: z.int(),
    problem: z
      .object({ at: z.iso.datetime(), findings: z.array(CompanyFinding) })
      .nullable()
      .describe('Why the files as they are now do not count; null when they do'),
  })
  .meta({ id: 'CompanyInForce' });
export type CompanyInForce = z.infer<typeof CompanyInForce>;
