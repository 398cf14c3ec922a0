import { action, type ProviderAction } from '@guichet/sdk';
import { z } from 'zod';
import { commandLine } from '../describe-session.ts';
import type { Estate } from '../estate.ts';
import type { Instance } from '../instance.ts';
import { InstanceError, refusing } from '../instance-error.ts';
import { findLeases, type Lease } from '../lease/find-lease.ts';
import { InstanceName, instanceOptions } from './instance-field.ts';
import type { Workplace } from './workplace.ts';

const Input = z.strictObject({ instance: InstanceName.optional().describe('Only leases of this instance; all when absent') });

export function leasesAction(workplace: Workplace): ProviderAction {
  const { estate, leases } = workplace;
  return action('leases.list', {
    title: 'List the leases',
    description: 'Who is let into which database by connect, since when, and whether they are connected.',
    kind: 'read',
    risk: 'safe',
    input: Input,
    output: 'table',
    timeoutSeconds: 30,
    examples: [{ title: 'See who is let in', input: {} }],
    options: { instance: instanceOptions(workplace) },
    run: ({ input, environment }) =>
      refusing(async () => {
        const wanted = input.instance === undefined ? undefined : await estate.find(environment, input.instance);
        const primaries = wanted === undefined ? await estate.of(environment) : [(await leases.place(wanted)).primary];
        const { found, notes } = await look(primaries, { strict: wanted !== undefined });
        const rows = found.filter(({ facts }) => wanted === undefined || facts.instance === wanted.name);
        const [first] = rows;
        const end =
          first && commandLine('leases revoke', { instance: first.facts.instance, lease: first.role, env: environment });
        return {
          kind: 'table',
          columns: [
            { key: 'request', title: 'Request', type: 'code' },
            { key: 'who', title: 'Who' },
            { key: 'rights', title: 'Rights' },
            { key: 'database', title: 'Database' },
            { key: 'instance', title: 'Instance' },
            { key: 'state', title: 'State', type: 'state' },
            { key: 'sessions', title: 'Sessions', type: 'number' },
            { key: 'statements', title: 'Statements', type: 'number' },
            { key: 'since', title: 'Since', type: 'timestamp' },
            { key: 'lease', title: 'Lease', type: 'code', wide: true },
            { key: 'keptUntil', title: 'Kept until', type: 'timestamp', wide: true },
            { key: 'why', title: 'Why it ends', wide: true },
          ],
          rows: await Promise.all(
            rows.map(async (lease) =>
              rowOf(lease, {
                sessions: await sessionsOf(lease, environment, estate),
                pending: leases.keeper.pending(lease.primary, lease.role),
              }),
            ),
          ),
          notes: [...notes, ...(end === undefined ? [] : [`End one: ${end}`])],
          empty: `Nobody is let into a database of '${input.instance ?? environment}' now.`,
        };
      }),
  });
}

/** All at once. One that cannot be asked is told of, unless it is the one that is asked for. */
async function look(
  instances: readonly Instance[],
  { strict }: { strict: boolean },
): Promise<{ found: Lease[]; notes: string[] }> {
  const notes: string[] = [];
  const each = instances.map(async (instance): Promise<Lease[]> => {
    if (instance.settings.admin === undefined && !strict) return []; // nobody can have a lease there
    try {
      return await findLeases(instance);
    } catch (error) {
      if (strict || !(error instanceof InstanceError)) throw error;
      notes.push(error.message);
      return [];
    }
  });
  return { found: (await Promise.all(each)).flat(), notes };
}

/** Of a lease on a replica they are there; null when that does not answer. */
async function sessionsOf({ oid, facts, sessions }: Lease, environment: string, estate: Estate): Promise<number | null> {
  const instance = (await estate.of(environment)).find(({ name }) => name === facts.instance);
  if (instance === undefined || sessions > 0) return sessions;
  const count = 'select count(*)::int as sessions from pg_stat_activity where usesysid = $1::oid';
  const [row] = await instance.observer.query<{ sessions: number }>(count, [oid]).catch(() => []);
  return row?.sessions ?? null;
}

function rowOf({ role, facts, validUntil }: Lease, { sessions, pending }: { sessions: number | null; pending: number }) {
  const { request, callerName, rights, database, instance, createdAt, statements, opened, ending } = facts;
  return {
    request,
    who: callerName,
    rights,
    database,
    instance,
    state: ending !== undefined ? 'ending' : opened ? 'open' : 'not opened yet',
    sessions,
    statements: statements + pending,
    since: createdAt,
    lease: role,
    keptUntil: ending === undefined ? validUntil : null,
    why: ending?.why ?? null,
  };
}
