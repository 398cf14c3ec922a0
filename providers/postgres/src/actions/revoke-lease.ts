import { digestOf } from '@guichet/contract/digest';
import { action, type PlanResult, type ProviderAction } from '@guichet/sdk';
import { z } from 'zod';
import { failing, refusing } from '../instance-error.ts';
import { endReceipt } from '../lease/end-receipt.ts';
import { findLease } from '../lease/find-lease.ts';
import { counted } from '../words.ts';
import { InstanceName, instanceOptions } from './instance-field.ts';
import { LeaseName, leaseOptions } from './lease-field.ts';
import type { Workplace } from './workplace.ts';

const Seen = z.object({ primary: z.string(), there: z.boolean() });
const Input = z.strictObject({ instance: InstanceName, lease: LeaseName });

/**
 * Reversible: whoever is cut off may connect again; as when a connection breaks, what was not committed is rolled back.
 * Idempotent: what has ended stays ended, and a second run says when that was.
 */
export function revokeLeaseAction(workplace: Workplace): ProviderAction {
  const { estate, leases } = workplace;
  return action('leases.revoke', {
    title: 'Revoke a lease',
    description:
      'Ends what connect has given: nobody signs in with it any more, its sessions are ended, what it owns is given away, its role is dropped. Gives a proof of that. To end your own, undo the request that it came from.',
    kind: 'write',
    risk: 'reversible',
    input: Input,
    output: 'record',
    idempotent: true,
    timeoutSeconds: 180,
    examples: [{ title: 'Cut off who is connected', input: { instance: 'pg1', lease: 'guichet_lease_req_1042' } }],
    options: { instance: instanceOptions(workplace), lease: leaseOptions(workplace) },
    plan: ({ input, environment }) => refusing(() => planRevoke(workplace, { ...input, environment })),
    run: ({ input, seen, environment, caller, request, signal, log }) =>
      failing(async () => {
        const primary = await estate.find(environment, Seen.parse(seen).primary);
        const why = `${request} of ${caller.name}`;
        const { proof, earlier } = await leases.end(primary, { role: input.lease, why, signal, log });
        return endReceipt(proof, { earlier });
      }),
    observe: ({ input, seen, environment, signal }) =>
      failing(async () => {
        const primary = await estate.find(environment, Seen.parse(seen).primary);
        if ((await findLease(primary, input.lease)) !== undefined) return { status: 'not_started' };
        const { proof } = await leases.end(primary, { role: input.lease, why: 'it was looked for', signal });
        return { status: 'succeeded', output: endReceipt(proof, { earlier: true }) };
      }),
  });
}

/** One that has ended by itself is no reason to refuse: the proof of it is what is asked for then. */
async function planRevoke(
  { estate, leases }: Workplace,
  { instance: name, lease: role, environment }: z.output<typeof Input> & { environment: string },
): Promise<PlanResult<z.infer<typeof Seen>>> {
  const instance = await estate.find(environment, name);
  const { primary } = await leases.place(instance);
  const lease = await findLease(primary, role);
  const resource = { type: 'postgres.lease', id: `${primary.name}/${role}`, owner: instance.settings.owner };
  // Not how many are connected: they come and go.
  const fingerprint = digestOf({ primary: primary.name, role });
  const seen = { primary: primary.name, there: lease !== undefined };
  if (lease === undefined) {
    return {
      summary: `Look that nothing is left of ${role} on '${primary.name}', where there is no such role now`,
      effects: [],
      resource,
      fingerprint,
      seen,
    };
  }
  const { facts, sessions } = lease;
  return {
    summary: `End the lease of ${facts.callerName} (${facts.request}) to ${facts.rights} '${facts.database}' on '${facts.instance}'`,
    effects: [
      sessions === 0
        ? 'Nobody is connected with it.'
        : `${counted(sessions, 'session')} of it ${sessions === 1 ? 'is' : 'are'} ended; what ${sessions === 1 ? 'it has' : 'they have'} not committed is rolled back.`,
      'What it owns, in any database, is given away, and its role is dropped.',
    ],
    resource,
    fingerprint,
    seen,
  };
}
