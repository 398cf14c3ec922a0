import type { OutputInput } from '@guichet/contract';
import { type Caller, type ObservationInput, PermanentFailure } from '@guichet/sdk';
import type { Estate } from '../estate.ts';
import { rulesFor } from './connect-config.ts';
import { SeenConnect } from './connect-plan.ts';
import { changingRole } from './evict.ts';
import { findLeases } from './find-lease.ts';
import { type LeaseFacts, leaseRole } from './lease.ts';
import { LEASE_ENDING, LEASE_OF_OTHERS, makeRole } from './lease-sql.ts';
import type { Leases } from './leases.ts';
import { sqlStateOf } from './sql-state.ts';

type Connection = Extract<OutputInput, { kind: 'connection' }>;

interface Work {
  readonly estate: Estate;
  readonly leases: Leases;
  readonly environment: string;
  readonly seen: unknown;
  readonly runId: string;
}

/** Makes the role; nobody can sign in as it before somebody connects. Rejects with an InstanceError. */
export async function runConnect(
  { estate, leases, environment, seen, runId }: Work,
  { request, caller }: { request: string; caller: Caller },
): Promise<Connection> {
  const { instance, primary: primaryName, database, rights } = SeenConnect.parse(seen);
  const primary = await estate.find(environment, primaryName);
  const role = leaseRole(request);
  const facts: LeaseFacts = {
    request,
    run: runId,
    caller: caller.id,
    callerName: caller.name,
    rights,
    instance,
    database,
    createdAt: new Date().toISOString(),
    statements: 0,
    opened: false,
  };
  const rules = rulesFor(leases.settings, instance);
  try {
    const text = makeRole(role, facts, { rules, times: leases.times, version: await primary.version() });
    await changingRole(primary, { role }, () => primary.admin.ask({ text }));
  } catch (error) {
    const state = sqlStateOf(error);
    if (state === LEASE_ENDING) {
      throw new PermanentFailure(`The lease of ${request} has ended already.`, {
        remedy: 'File the request again.',
        cause: error,
      });
    }
    if (state === LEASE_OF_OTHERS) {
      throw new PermanentFailure(`There is a role ${role} on '${primaryName}' that belongs to something else.`, {
        remedy: 'File the request again. Gateways that share a server should not count their requests alike.',
        cause: error,
      });
    }
    throw error;
  }
  return connectionTo({ instance, database, rights });
}

/** The role of a run, and no other, carries its id. Rejects with an InstanceError. */
export async function observeConnect({ estate, leases: _, environment, seen, runId }: Work): Promise<ObservationInput> {
  const { instance, primary, database, rights } = SeenConnect.parse(seen);
  const found = await findLeases(await estate.find(environment, primary));
  return found.some(({ facts }) => facts.run === runId)
    ? { status: 'succeeded', output: connectionTo({ instance, database, rights }) }
    : { status: 'not_started' };
}

function connectionTo({ instance, database, rights }: Pick<SeenConnect, 'instance' | 'database' | 'rights'>): Connection {
  return {
    kind: 'connection',
    protocol: 'postgres',
    title: `A lease to ${rights} '${database}' on '${instance}'`,
    target: `${database} on ${instance}`,
    database,
  };
}
