import { action, type ProviderAction } from '@guichet/sdk';
import { z } from 'zod';
import { failing, refusing } from '../instance-error.ts';
import { rulesFor } from '../lease/connect-config.ts';
import { planConnect, SeenConnect } from '../lease/connect-plan.ts';
import { observeConnect, runConnect } from '../lease/connect-run.ts';
import { LEASE_LASTS, leaseRole } from '../lease/lease.ts';
import { serveLease } from '../lease/serve-lease.ts';
import { DatabaseName, databaseOptions } from './database-field.ts';
import { InstanceName, instanceOptions } from './instance-field.ts';
import type { Workplace } from './workplace.ts';

const Input = z.strictObject({
  instance: InstanceName,
  database: DatabaseName,
  role: z.enum(['read', 'write']).default('read').describe('What you may do there'),
});

/** Reversible: revoking the lease takes away all that this gives. Idempotent: the role of a run is made once. */
export function connectAction(workplace: Workplace): ProviderAction {
  const { estate, leases, mask } = workplace;
  return action('connect', {
    title: 'Connect to a database',
    description:
      'Lets you work in a database with psql or any other client, for a while, without a password and without a network path of your own. Each statement is recorded, without its data.',
    kind: 'write',
    risk: 'reversible',
    input: Input,
    output: 'connection',
    idempotent: true,
    timeoutSeconds: 30,
    lasts: LEASE_LASTS,
    examples: [
      { title: 'Look at the rows of a database', input: { instance: 'pg1', database: 'orders' } },
      { title: 'Mend rows of a database', input: { instance: 'pg1', database: 'orders', role: 'write' } },
    ],
    options: {
      instance: instanceOptions(workplace),
      database: async (context) => {
        const { databases } = rulesFor(leases.settings, context.input.instance ?? '');
        const choices = await databaseOptions(workplace)(context);
        return choices.filter(({ value }) => databases === undefined || databases.includes(String(value)));
      },
    },
    plan: ({ input, environment, caller }) =>
      refusing(() =>
        planConnect(
          { instance: input.instance, database: input.database, rights: input.role, environment, callerName: caller.name },
          workplace,
        ),
      ),
    run: ({ seen, environment, runId, request, caller }) =>
      failing(() => runConnect({ estate, leases, environment, seen, runId }, { request, caller })),
    undo: {
      action: 'leases.revoke',
      input: ({ seen, request }) => ({ instance: seen.primary, lease: leaseRole(request) }),
    },
    observe: ({ seen, environment, runId }) => failing(() => observeConnect({ estate, leases, environment, seen, runId })),
    tunnel: ({ seen, environment, request, stream, hold, record, signal }) =>
      failing(async () => {
        const { instance: name, primary: primaryName, database } = SeenConnect.parse(seen);
        const instance = await estate.find(environment, name);
        const primary = primaryName === name ? instance : await estate.find(environment, primaryName);
        const { keeper, settings } = leases;
        const place = { instance, primary };
        await serveLease({ keeper, settings, place, database, request, mask: await mask(), stream, hold, record, signal });
      }),
  });
}
