import type { Choice } from '@guichet/contract';
import { z } from 'zod';
import { refusing } from '../instance-error.ts';
import { findLeases } from '../lease/find-lease.ts';
import { LEASE_PREFIX } from '../lease/lease.ts';
import { matchesFuzzily } from '../nearest.ts';
import { counted } from '../words.ts';
import type { Workplace } from './workplace.ts';

export const LeaseName = z
  .string()
  .regex(new RegExp(`^${LEASE_PREFIX}[a-z0-9_]{1,50}$`), `must be the name of a lease, such as ${LEASE_PREFIX}req_1042`)
  .describe('Name of the lease, as leases list shows it');

/** The leases on the instance that was chosen. */
export function leaseOptions({ estate, leases }: Workplace) {
  return ({ input, environment, query }: { input: { instance?: string }; environment: string; query: string }) =>
    refusing(async (): Promise<Choice[]> => {
      if (input.instance === undefined) return []; // there is nothing to choose from yet
      const { primary } = await leases.place(await estate.find(environment, input.instance));
      return (await findLeases(primary))
        .map(({ role, facts, sessions }) => ({
          value: role,
          label: `${facts.request} ${facts.callerName}`,
          detail: `${facts.rights}s ${facts.database} on ${facts.instance} · ${counted(sessions, 'session')}`,
        }))
        .filter(({ value, label }) => matchesFuzzily(query, `${value} ${label}`));
    });
}
