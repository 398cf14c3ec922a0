import type { Catalog, Directory } from './catalog/index.ts';
import type { Config } from './config.ts';
import type { Vocabulary } from './policy/index.ts';

/** What policies can speak of here. */
export function vocabularyOf({
  config,
  directory,
  catalog,
}: {
  config: Config;
  directory: Directory;
  catalog?: Catalog;
}): Vocabulary {
  const { company } = directory;
  return {
    environments: config.environments,
    actions: catalog?.list() ?? [],
    known: (type, name) => {
      if (type === 'Team') return company.teams.has(name);
      if (type === 'Service') return company.service(name) !== undefined;
      return company.member(`${type.toLowerCase()}:${name}`) !== undefined;
    },
    names: (type) => {
      if (type === 'Team') return [...company.teams];
      if (type === 'Service') return company.services.map(({ name }) => name);
      if (type === 'Machine') return company.machines.map(({ name }) => name);
      return company.people.map(({ id }) => id.replace('user:', ''));
    },
  };
}
