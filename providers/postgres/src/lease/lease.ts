import { z } from 'zod';

/** What a lease is about: the comment on its role, for whoever looks at the server, and for every process of the provider. */
export const LeaseFacts = z.object({
  /** `REQ-1042` */
  request: z.string(),
  run: z.string(),
  /** `user:ana` */
  caller: z.string(),
  callerName: z.string(),
  rights: z.enum(['read', 'write']),
  /** Where it leads to: a replica, or the primary, on which its role is in any case. */
  instance: z.string(),
  database: z.string(),
  createdAt: z.string(),
  /** Statements that were let through, as far as they were counted. */
  statements: z.number().default(0),
  /** There once somebody has connected: from then on it lives only while it is renewed. */
  opened: z.boolean().default(false),
  /** There from the moment on at which nobody can sign in with it any more. */
  ending: z.object({ at: z.string(), why: z.string(), sessions: z.number().default(0) }).optional(),
});
export type LeaseFacts = z.infer<typeof LeaseFacts>;

export const LEASE_PREFIX = 'guichet_lease_';

/** `REQ-1042`: guichet_lease_req_1042 */
export function leaseRole(request: string): string {
  return `${LEASE_PREFIX}${request.toLowerCase().replaceAll(/[^a-z0-9]+/g, '_')}`.slice(0, 63);
}

/** How leases are kept alive. In seconds. */
export interface LeaseTimes {
  /** Renewed so often, while somebody is connected. */
  readonly renew: number;
  /** For so long from then on its password is good. */
  readonly valid: number;
  /** It is ended so long after that. */
  readonly grace: number;
  /** One that nobody has connected with is kept for so long: it has no password, and cannot sign in. */
  readonly unopened: number;
}

export const LEASE_TIMES: LeaseTimes = { renew: 15, valid: 45, grace: 15, unopened: 8 * 3600 };

/** How long a request for a lease lasts, in seconds. */
export const LEASE_LASTS = { default: 3600, most: 8 * 3600 } as const;
