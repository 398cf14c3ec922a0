import type { Choice } from '@guichet/contract';
import { refusing } from '../instance-error.ts';
import { matchesFuzzily } from '../nearest.ts';
import type { Workplace } from './workplace.ts';

const USERS = `
select r.rolname::text as name, count(a.pid)::int as sessions
from pg_roles r left join pg_stat_activity a on a.usesysid = r.oid
where r.rolcanlogin group by 1 order by 2 desc, 1`;

/** Roles of the instance that may log in, those with most sessions first. */
export function userOptions({ estate }: Workplace) {
  return ({ input, environment, query }: { input: { instance?: string }; environment: string; query: string }) =>
    refusing(async (): Promise<Choice[]> => {
      if (input.instance === undefined) return []; // there is nothing to choose from yet
      const instance = await estate.find(environment, input.instance);
      const rows = await instance.observer.query<{ name: string; sessions: number }>(USERS);
      return rows
        .filter(({ name }) => matchesFuzzily(query, name))
        .map(({ name, sessions }) => ({ value: name, detail: `${sessions} sessions` }));
    });
}
