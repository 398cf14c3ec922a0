import type { Instance } from '../instance.ts';
import { LeaseFacts } from './lease.ts';
import { ALL_LEASES, type LeaseRow, ONE_LEASE } from './lease-sql.ts';

export interface Lease extends Omit<LeaseRow, 'comment'> {
  readonly facts: LeaseFacts;
  /** Where its role is. */
  readonly primary: Instance;
}

/** The leases whose roles are on the instance; none on a replica, whose roles are its primary's. Rejects with an InstanceError. */
export async function findLeases(primary: Instance): Promise<Lease[]> {
  const rows = await primary.observer.query<LeaseRow>(ALL_LEASES);
  return rows.flatMap((row) => leaseOf(primary, row) ?? []);
}

/** Undefined when there is no such role. Rejects with an InstanceError. */
export async function findLease(primary: Instance, role: string): Promise<Lease | undefined> {
  const [row] = await primary.admin.ask<LeaseRow>({ text: ONE_LEASE, values: [role] });
  return row && leaseOf(primary, row);
}

/** A role of such a name that was made by somebody else has no comment like ours, and is left alone. */
function leaseOf(primary: Instance, { comment, ...row }: LeaseRow): Lease | undefined {
  try {
    const facts = LeaseFacts.safeParse(JSON.parse(comment ?? 'null'));
    return facts.success ? { ...row, primary, facts: facts.data } : undefined;
  } catch {
    return undefined;
  }
}
