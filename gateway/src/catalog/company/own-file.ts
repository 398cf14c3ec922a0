import { LinkKind, Slug } from '@guichet/contract';
import { z } from 'zod';
import { check } from '../../findings/index.ts';
import type { CompanyFinding, Entries } from './entries.ts';
import { sourceAt, type YamlDocument } from './yaml-file.ts';

const url = z.url({ protocol: /^https?$/ });
const words = z.string().trim().min(1).max(2000);

const link = z.strictObject({ title: words, url });

/** A file of ours: who there is, who owns what. */
const OwnFile = z.strictObject({
  people: z
    .array(
      z.strictObject({
        name: Slug,
        fullName: z.string().min(1),
        email: z.email().optional(),
        manager: Slug.optional().describe('Who they report to'),
        sameAs: Slug.optional().describe('Another account of this person'),
      }),
    )
    .default([]),
  teams: z
    .array(
      z.strictObject({
        name: Slug,
        title: words.optional(),
        parent: Slug.optional(),
        members: z.array(Slug).default([]),
        managers: z.array(Slug).default([]),
        onCall: z.array(Slug).default([]).describe('Who is on call for the team now'),
      }),
    )
    .default([]),
  services: z
    .array(
      z.strictObject({
        name: Slug,
        title: words.optional(),
        description: words.optional(),
        team: Slug.describe('The team that owns it'),
        lifecycle: words.optional(),
        system: words.optional(),
        dependsOn: z.array(Slug).default([]),
        links: z.array(link).default([]),
        environments: z
          .array(z.strictObject({ name: Slug, links: z.array(link.extend({ kind: LinkKind.default('other') })).default([]) }))
          .default([])
          .describe('Where it runs'),
      }),
    )
    .default([]),
  environments: z
    .array(
      z.strictObject({
        name: Slug.describe('One of the environments of the configuration'),
        title: words.optional(),
        description: words.optional(),
        owner: Slug.optional().describe('The team that owns it'),
        created: z.iso.date().optional().describe('The day on which it was made, such as 2024-03-11'),
        configure: z.array(z.strictObject({ title: words, command: words })).default([]),
        links: z.array(link).default([]),
      }),
    )
    .default([]),
  machines: z.array(z.strictObject({ name: Slug, team: Slug })).default([]),
});

export function readOwnFile(document: YamlDocument): { entries: Entries } | { findings: CompanyFinding[] } {
  const checked = check(OwnFile, document.value);
  if (!checked.ok) return { findings: checked.findings.map(({ field, ...about }) => document.at(field, about)) };
  const { people, teams, services, machines, environments } = checked.value;
  const from = (list: string) => (index: number) => sourceAt(document, `/${list}/${index}`);
  return {
    entries: {
      people: people.map((person, index) => ({ ...person, memberOf: [], source: from('people')(index) })),
      teams: teams.map((team, index) => ({ ...team, source: from('teams')(index) })),
      services: services.map((service, index) => ({ ...service, source: from('services')(index) })),
      machines: machines.map((machine, index) => ({ ...machine, source: from('machines')(index) })),
      environments: environments.map((environment, index) => ({ ...environment, source: from('environments')(index) })),
    },
  };
}
