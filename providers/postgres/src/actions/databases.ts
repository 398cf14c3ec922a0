import { action, type ProviderAction } from '@guichet/sdk';
import { z } from 'zod';
import { type Database, readDatabases } from '../contents/databases.ts';
import { commandLine } from '../describe-session.ts';
import { refusing } from '../instance-error.ts';
import { InstanceName, instanceOptions } from './instance-field.ts';
import type { Workplace } from './workplace.ts';

/** Writes stop 3 million transactions before 2^31; from here on somebody has to act. */
const XID_ALARM = 1_000_000_000;

export function databasesAction(workplace: Workplace): ProviderAction {
  return action('databases', {
    title: 'List the databases',
    description:
      'The databases of an instance: who owns each, how big it is, who is connected, which extensions it has, and how old its oldest transaction id is.',
    kind: 'read',
    risk: 'safe',
    input: z.strictObject({ instance: InstanceName }),
    output: 'table',
    timeoutSeconds: 30,
    examples: [{ title: 'See the databases of an instance', input: { instance: 'pg1' } }],
    options: { instance: instanceOptions(workplace) },
    run: ({ input, environment }) =>
      refusing(async () => {
        const instance = await workplace.estate.find(environment, input.instance);
        const databases = await readDatabases(instance);
        return {
          kind: 'table',
          columns: [
            { key: 'name', title: 'Name', type: 'code' },
            { key: 'owner', title: 'Owner' },
            { key: 'size', title: 'Size', type: 'bytes' },
            { key: 'connections', title: 'Conns', type: 'number' },
            { key: 'xidAge', title: 'Xid age', type: 'number' },
            { key: 'extensions', title: 'Extensions' },
            { key: 'connectionLimit', title: 'Conn limit', type: 'number', wide: true },
            { key: 'encoding', title: 'Encoding', wide: true },
            { key: 'collation', title: 'Collation', wide: true },
          ],
          rows: databases.map(({ extensions, ...database }) => ({ ...database, extensions: extensions?.join(', ') ?? null })),
          notes: notesOf(databases, { instance: instance.name, environment }),
          empty: `'${instance.name}' has no database but templates.`,
        };
      }),
  });
}

function notesOf(databases: readonly Database[], { instance, environment }: { instance: string; environment: string }) {
  const old = databases.filter(({ xidAge }) => xidAge > XID_ALARM).map(({ name }) => `'${name}'`);
  const closed = databases.filter(({ extensions }) => extensions === undefined).map(({ name }) => `'${name}'`);
  return [
    ...(old.length === 0
      ? []
      : [
          `More than ${XID_ALARM.toLocaleString('en')} transactions old: ${old.join(', ')}. Vacuum has to freeze rows before 2,144 million, or writes stop; see ${commandLine('tables', { instance, database: 'NAME', sort: 'xid-age', env: environment })}`,
        ]),
    ...(closed.length === 0 ? [] : [`Extensions are not known, for the observer may not connect: ${closed.join(', ')}.`]),
  ];
}
