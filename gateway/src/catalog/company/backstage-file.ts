import { Slug } from '@guichet/contract';
import { z } from 'zod';
import { check } from '../../findings/index.ts';
import { type CompanyFinding, type Entries, NO_ENTRIES } from './entries.ts';
import { sourceAt, type YamlDocument } from './yaml-file.ts';

const text = z.string().min(1);
const texts = z.array(text).default([]);

/** What we take of an entity of Backstage's catalogue; all else in it is for others. */
const Entity = z.looseObject({
  kind: text,
  metadata: z.looseObject({
    name: text,
    title: text.optional(),
    description: text.optional(),
    links: z.array(z.looseObject({ url: text, title: text.optional() })).default([]),
  }),
  spec: z.unknown(),
});

const WebAddress = z.url({ protocol: /^https?$/ });

const ComponentSpec = z.looseObject({
  owner: text,
  lifecycle: text.optional(),
  system: text.optional(),
  dependsOn: texts,
});
const GroupSpec = z.looseObject({
  parent: text.optional(),
  members: texts,
  profile: z.looseObject({ displayName: text.optional() }).optional(),
});
const UserSpec = z.looseObject({
  memberOf: texts,
  profile: z.looseObject({ displayName: text.optional(), email: z.email().optional() }).optional(),
});

/** The names of a document of Backstage's catalogue (catalog-info.yaml); undefined of any other. */
function headOf({ value }: YamlDocument): { apiVersion: string; kind: unknown } | undefined {
  if (typeof value !== 'object' || value === null || !('apiVersion' in value) || typeof value.apiVersion !== 'string')
    return undefined;
  // Also of its parts: templates are of scaffolder.backstage.io.
  if (!/^(?:[a-z0-9-]+\.)*backstage\.io\//.test(value.apiVersion)) return undefined;
  return { apiVersion: value.apiVersion, kind: 'kind' in value ? value.kind : undefined };
}

/** True for a document of Backstage's catalogue (catalog-info.yaml). */
export const isBackstage = (document: YamlDocument): boolean => headOf(document) !== undefined;

/** What others keep in their catalogue is not ours to check. */
function isForOthers(document: YamlDocument): boolean {
  const { apiVersion = '', kind } = headOf(document) ?? {};
  return !apiVersion.startsWith('backstage.io/') || (typeof kind === 'string' && !['Component', 'Group', 'User'].includes(kind));
}

/** Components are services, Groups are teams, Users are people; other kinds are nothing to us. */
export function readBackstage(document: YamlDocument): { entries: Entries } | { findings: CompanyFinding[] } {
  if (isForOthers(document)) return { entries: NO_ENTRIES };
  const reader = new Reader(document);
  const entries = reader.entries();
  return reader.findings.length > 0 ? { findings: reader.findings } : { entries };
}

/** Where a field of an entry stands in an entity of Backstage. */
function placeOf(field: string): string {
  if (field === '/name') return '/metadata/name';
  return field === '/team' ? '/spec/owner' : `/spec${field}`;
}

function isComponent({ reference }: { reference: string }): boolean {
  const kind = /^([A-Za-z]+):/.exec(reference)?.[1]?.toLowerCase();
  return kind === undefined || kind === 'component';
}

class Reader {
  readonly #document: YamlDocument;
  readonly findings: CompanyFinding[] = [];

  constructor(document: YamlDocument) {
    this.#document = document;
  }

  entries(): Entries {
    const entity = this.#take(Entity, this.#document.value, '');
    if (entity === undefined) return NO_ENTRIES;
    const { metadata, spec } = entity;
    const source = sourceAt(this.#document, '', placeOf);
    switch (entity.kind) {
      case 'Component': {
        const { owner = '', lifecycle, system, dependsOn = [] } = this.#take(ComponentSpec, spec, '/spec') ?? {};
        const name = this.#name(metadata.name, '/metadata/name');
        // Backstage also knows links to chats and mail boxes; ours are opened in a browser.
        const links = metadata.links
          .filter(({ url }) => WebAddress.safeParse(url).success)
          .map(({ url, title }) => ({ url, title: title ?? url }));
        const team = this.#reference(owner, { kinds: ['group'], pointer: '/spec/owner' });
        // A service depends on services; its resources and APIs are nothing to us.
        const needed = dependsOn.map((reference, index) => ({ reference, at: `/dependsOn/${index}` })).filter(isComponent);
        const needs = needed.map(({ reference, at }) =>
          this.#reference(reference, { kinds: ['component'], pointer: `/spec${at}` }),
        );
        const ofService = sourceAt(this.#document, '', (field) =>
          placeOf(field.replace(/^\/dependsOn\/(\d+)$/, (_, n) => needed[n]?.at ?? '')),
        );
        const { title, description } = metadata;
        const about = { name, title, description, team, lifecycle, system: system?.split(/[:/]/).at(-1) };
        return { ...NO_ENTRIES, services: [{ ...about, dependsOn: needs, links, environments: [], source: ofService }] };
      }
      case 'Group': {
        const { parent, members = [], profile } = this.#take(GroupSpec, spec, '/spec') ?? {};
        const people = members.map((member, index) =>
          this.#reference(member, { kinds: ['user'], pointer: `/spec/members/${index}` }),
        );
        const above = parent === undefined ? undefined : this.#reference(parent, { kinds: ['group'], pointer: '/spec/parent' });
        const title = profile?.displayName ?? metadata.title;
        const name = this.#name(metadata.name, '/metadata/name');
        return { ...NO_ENTRIES, teams: [{ name, title, parent: above, members: people, managers: [], onCall: [], source }] };
      }
      case 'User': {
        const { memberOf = [], profile } = this.#take(UserSpec, spec, '/spec') ?? {};
        const name = this.#name(metadata.name, '/metadata/name');
        const teams = memberOf.map((team, index) =>
          this.#reference(team, { kinds: ['group'], pointer: `/spec/memberOf/${index}` }),
        );
        const fullName = profile?.displayName ?? metadata.title ?? name;
        return { ...NO_ENTRIES, people: [{ name, fullName, email: profile?.email, memberOf: teams, source }] };
      }
      default:
        return NO_ENTRIES;
    }
  }

  #take<Value>(schema: z.ZodType<Value>, value: unknown, pointer: string): Value | undefined {
    const checked = check(schema, value);
    if (checked.ok) return checked.value;
    for (const { field, ...about } of checked.findings)
      this.findings.push(this.#document.at(`${pointer}${field === '/' ? '' : field}`, about));
    return undefined;
  }

  /** `group:default/payments`, `group:payments` and `payments` name the same team. */
  #reference(reference: string, { kinds, pointer }: { kinds: readonly string[]; pointer: string }): string {
    const [, kind, name = ''] = /^(?:([A-Za-z]+):)?(?:[^/:]+\/)?([^/:]+)$/.exec(reference) ?? [];
    if (reference !== '' && (name === '' || (kind !== undefined && !kinds.includes(kind.toLowerCase()))))
      this.findings.push(
        this.#document.at(pointer, {
          message: `must be a reference like ${kinds[0]}:default/NAME, not '${reference}'`,
          remedy: `Name a ${kinds[0]}.`,
        }),
      );
    return this.#name(name === '' ? reference : name, pointer);
  }

  #name(name: string, pointer: string): string {
    if (name !== '' && !Slug.safeParse(name).success)
      this.findings.push(
        this.#document.at(pointer, {
          message: `names '${name}', which is no name here`,
          remedy: 'Use small letters, digits and single hyphens.',
        }),
      );
    return name;
  }
}
