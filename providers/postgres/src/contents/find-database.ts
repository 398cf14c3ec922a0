import { refuse } from '@guichet/sdk';
import { commandLine } from '../describe-session.ts';
import type { Instance } from '../instance.ts';
import { nearest } from '../nearest.ts';

const NAMES = 'select datname::text as name, datallowconn as connectable from pg_database where not datistemplate order by 1';

/** Databases that sessions may connect to, by name. Rejects with an InstanceError. */
export async function databaseNames(instance: Instance): Promise<string[]> {
  const rows = await instance.observer.query<{ name: string; connectable: boolean }>(NAMES);
  return rows.filter(({ connectable }) => connectable).map(({ name }) => name);
}

/**
 * The database that was meant: the one of that name, or the first of the configuration when none is given. Refuses one that
 * is not there, with the name that may have been meant. Rejects with an InstanceError.
 */
export async function findDatabase(instance: Instance, { name, environment }: { name: string | undefined; environment: string }) {
  const wanted = name ?? instance.settings.databases[0] ?? 'postgres';
  const names = await databaseNames(instance);
  if (names.includes(wanted)) return wanted;
  const meant = nearest(wanted, names);
  return refuse(`There is no database '${wanted}' to connect to on '${instance.name}'.`, {
    remedy:
      meant === undefined
        ? `See ${commandLine('databases', { instance: instance.name, env: environment })}`
        : `Did you mean '${meant}'?`,
  });
}
