import type { Choice } from '@guichet/contract';
import { z } from 'zod';
import { refusing } from '../instance-error.ts';
import { findTable, tableNames } from '../maintenance/find-table.ts';
import { matchesFuzzily } from '../nearest.ts';
import type { Workplace } from './workplace.ts';

export const TableName = z.string().min(1).max(140).describe('Name of the table, with its schema where there are several');

const MOST_CHOICES = 200;

interface Typed {
  readonly input: { readonly instance?: string; readonly database?: string | undefined; readonly table?: string };
  readonly environment: string;
  readonly query: string;
}

/** The tables of the database that was chosen, the largest first. */
export function tableOptions({ estate }: Workplace) {
  return ({ input, environment, query }: Typed) =>
    refusing(async (): Promise<Choice[]> => {
      if (input.instance === undefined) return []; // there is nothing to choose from yet
      const instance = await estate.find(environment, input.instance);
      const names = await tableNames(instance, input.database ?? instance.settings.databases[0] ?? 'postgres');
      return names
        .filter((name) => matchesFuzzily(query, name))
        .slice(0, MOST_CHOICES)
        .map((value) => ({ value }));
    });
}

const COLUMNS = `
select attname::text as name, format_type(atttypid, atttypmod) as type from pg_attribute
where attrelid = $1::bigint::oid and attnum > 0 and not attisdropped order by attnum`;

/** The columns of the table that was chosen, with their types. */
export function columnOptions({ estate }: Workplace) {
  return ({ input, environment, query }: Typed) =>
    refusing(async (): Promise<Choice[]> => {
      const { table } = input;
      if (input.instance === undefined || table === undefined) return [];
      const instance = await estate.find(environment, input.instance);
      const { oid, database } = await findTable({ instance, environment, database: input.database, table });
      const columns = await instance.observer.ask<{ name: string; type: string }>({ text: COLUMNS, values: [oid], database });
      return columns.filter(({ name }) => matchesFuzzily(query, name)).map(({ name, type }) => ({ value: name, detail: type }));
    });
}
