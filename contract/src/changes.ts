import type { RequestState } from './request.ts';

/**
 * What a reader of `GET /v1/changes` is told: which kinds of things may be others by now. No facts but the state of a request:
 * whoever wants to know looks them up.
 */
export type Change =
  /** The stream was opened, for the first time or again: anything may have changed since. */
  | { readonly kind: 'open' }
  /** One request that the reader may see; without id any of them, and how many there are. */
  | { readonly kind: 'requests'; readonly id?: string | undefined; readonly state?: RequestState | undefined }
  /** Actions or providers: what is offered, and whether it is available. */
  | { readonly kind: 'catalogue' }
  /** People, teams, services, machines, environments; with them what somebody may see and do. */
  | { readonly kind: 'company' }
  /** The rules in force; with them what somebody may see and do. */
  | { readonly kind: 'policy' }
  /** Whether the audit log holds: `audit.status`. */
  | { readonly kind: 'audit' };

export const CHANGE_KINDS = [
  'open',
  'requests',
  'catalogue',
  'company',
  'policy',
  'audit',
] as const satisfies readonly Change['kind'][];
