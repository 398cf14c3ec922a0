import { suggestion } from '../../findings/index.ts';
import type { CompanyFinding, Entries, Source } from './entries.ts';

type Named = { readonly name: string; readonly source: Source };

/** What the files do not say themselves. */
export interface KnownNames {
  /** Environments of the configuration; undefined where there is none to hold the files against. */
  readonly environments?: readonly string[] | undefined;
}

const NOT_CONFIGURED = "Put it under 'environments' in the configuration, or take it out here.";

/** What no entry says alone: names that stand twice, names of nobody, and circles. */
export function inconsistencies(entries: Entries, { environments: configured }: KnownNames): CompanyFinding[] {
  const { people, teams, services, machines, environments } = entries;
  const names = (list: readonly Named[]): ReadonlySet<string> => new Set(list.map(({ name }) => name));
  const persons = refer('person', names(people));
  const groups = refer('team', names(teams));
  const components = refer('service', names(services));
  const places = configured === undefined ? () => [] : refer('environment', new Set(configured), NOT_CONFIGURED);
  return [
    ...[people, teams, services, machines, environments].flatMap(duplicates),
    ...people.flatMap(({ manager, sameAs, memberOf, source }) => [
      ...persons(source, '/manager', manager),
      ...persons(source, '/sameAs', sameAs),
      ...memberOf.flatMap((team, at) => groups(source, `/memberOf/${at}`, team)),
    ]),
    ...teams.flatMap(({ parent, members, managers, onCall, source }) => [
      ...groups(source, '/parent', parent),
      ...members.flatMap((name, at) => persons(source, `/members/${at}`, name)),
      ...managers.flatMap((name, at) => persons(source, `/managers/${at}`, name)),
      ...onCall.flatMap((name, at) => persons(source, `/onCall/${at}`, name)),
    ]),
    ...services.flatMap(({ team, dependsOn, environments: runsIn, source }) => [
      ...groups(source, '/team', team),
      ...dependsOn.flatMap((name, at) => components(source, `/dependsOn/${at}`, name)),
      ...runsIn.flatMap(({ name }, at) => [
        ...places(source, `/environments/${at}/name`, name),
        ...twiceIn(runsIn, at).map(() =>
          source.finding(`/environments/${at}/name`, { message: `'${name}' stands twice`, remedy: 'Name it once.' }),
        ),
      ]),
    ]),
    ...environments.flatMap(({ name, owner, source }) => [...places(source, '/name', name), ...groups(source, '/owner', owner)]),
    ...machines.flatMap(({ team, source }) => groups(source, '/team', team)),
    ...circles(people, { field: 'manager', next: ({ manager }) => manager, words: 'reports to themselves in the end' }),
    ...circles(people, { field: 'sameAs', next: ({ sameAs }) => sameAs, words: 'is another account of itself in the end' }),
    ...circles(teams, { field: 'parent', next: ({ parent }) => parent, words: 'is part of itself in the end' }),
  ];
}

function duplicates(list: readonly Named[]): CompanyFinding[] {
  const first = new Map<string, Source>();
  return list.flatMap(({ name, source }) => {
    const known = first.get(name);
    if (known === undefined) {
      first.set(name, source);
      return [];
    }
    const elsewhere = `${known.path}:${known.line}`;
    return [source.finding('/name', { message: `'${name}' stands twice`, remedy: `Name it once; it is at ${elsewhere} too.` })];
  });
}

/** Those of the same name that stand before it. */
function twiceIn(list: readonly { readonly name: string }[], at: number): { readonly name: string }[] {
  return list.slice(0, at).filter(({ name }) => name === list[at]?.name);
}

function refer(
  kind: string,
  known: ReadonlySet<string>,
  otherwise = `Put the ${kind} into one of the files, or take the name out here.`,
) {
  return (source: Source, pointer: string, name: string | undefined): CompanyFinding[] => {
    if (name === undefined || known.has(name)) return [];
    const remedy = suggestion(name, [...known]) ?? otherwise;
    return [
      source.finding(pointer, {
        message: `names ${kind === 'environment' ? 'an' : 'a'} ${kind} '${name}' that is not there`,
        remedy,
      }),
    ];
  };
}

function circles<Entry extends Named>(
  list: readonly Entry[],
  { field, next, words }: { field: string; next: (entry: Entry) => string | undefined; words: string },
): CompanyFinding[] {
  const byName = new Map(list.map((entry) => [entry.name, entry]));
  return list.flatMap((entry) => {
    let at: Entry | undefined = entry;
    for (let steps = 0; steps <= list.length && at !== undefined; steps++) {
      const name: string | undefined = next(at);
      if (name === entry.name) {
        const remedy = `Take '${field}' out of one of those in the circle.`;
        return [entry.source.finding(`/${field}`, { message: `makes a circle: '${entry.name}' ${words}`, remedy })];
      }
      at = name === undefined ? undefined : byName.get(name);
    }
    return [];
  });
}
