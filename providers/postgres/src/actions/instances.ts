import { action, type ProviderAction } from '@guichet/sdk';
import { z } from 'zod';
import { overviews, type State } from '../instance-overview.ts';
import type { Workplace } from './workplace.ts';

/** An instance that does not answer within this is shown as down. In ms. */
const ANSWER_MS = 4000;

export function instancesAction({ estate }: Workplace): ProviderAction {
  return action('instances', {
    title: 'List the instances',
    description:
      'The PostgreSQL servers of the environment, and how each of them is. One that is down is listed with the reason.',
    kind: 'read',
    risk: 'safe',
    input: z.strictObject({}),
    output: 'table',
    timeoutSeconds: 20,
    examples: [{ title: 'See the servers of an environment', input: {} }],
    run: async ({ environment }) => {
      const states = await overviews(await estate.of(environment), ANSWER_MS);
      const settings = states.map(({ instance }) => instance.settings);
      return {
        kind: 'table',
        columns: [
          { key: 'name', title: 'Name', type: 'code' },
          { key: 'state', title: 'State', type: 'state' },
          { key: 'owner', title: 'Owner' },
          { key: 'version', title: 'Version' },
          { key: 'role', title: 'Role' },
          // Said where it tells instances apart; -o wide always has it.
          { key: 'class', title: 'Class', type: 'code', wide: settings.every(({ rds }) => rds === undefined) },
          { key: 'size', title: 'Size', type: 'bytes' },
          { key: 'connections', title: 'Conns', type: 'number' },
          { key: 'connectionsAllowed', title: 'Max', type: 'number' },
          { key: 'lag', title: 'Lag', type: 'duration' },
          { key: 'uptime', title: 'Uptime', type: 'duration' },
          { key: 'source', title: 'Source', wide: new Set(settings.map(({ source }) => source)).size < 2 },
          { key: 'environment', title: 'Env', wide: true },
          { key: 'replicas', title: 'Replicas', type: 'number', wide: true },
          { key: 'replicaOf', title: 'Replica of', type: 'code', wide: true },
          { key: 'address', title: 'Address', type: 'code', wide: true },
          { key: 'reason', title: 'Reason', wide: true },
        ],
        rows: states.map(rowOf),
        // The reasons are long, so the narrow table says them below.
        notes: [...states.flatMap((state) => (state.up ? [] : [reasonOf(state)])), ...estate.notes(environment)],
        empty: `The provider knows no PostgreSQL instance of '${environment}'. docs/guide/postgres-inventory.md says where it finds some.`,
      };
    },
  });
}

/** Why it is down; where AWS has stopped it, or is at work on it, that says more than a connection that is refused. */
function reasonOf({ reason, instance }: Extract<State, { up: false }>): string {
  const { rds } = instance.settings;
  return rds === undefined || rds.status === 'available' ? reason : `${reason} RDS says that it is '${rds.status}'.`;
}

function rowOf(state: State) {
  const { name, environment, owner, host, port, source, replicaOf, rds } = state.instance.settings;
  const overview = state.up ? state.overview : undefined;
  return {
    name,
    state: state.up ? 'up' : 'down',
    owner,
    version: overview?.version ?? null,
    role: overview?.role ?? null,
    size: overview?.size ?? null,
    connections: overview?.connections ?? null,
    connectionsAllowed: overview?.connectionsAllowed ?? null,
    lag: overview?.lag ?? null,
    uptime: overview?.uptime ?? null,
    class: rds?.instanceClass ?? null,
    source,
    environment,
    replicaOf: replicaOf ?? rds?.replicaOf ?? null,
    replicas: overview?.replicas ?? null,
    address: `${host}:${port}`,
    reason: state.up ? null : reasonOf(state),
  };
}
