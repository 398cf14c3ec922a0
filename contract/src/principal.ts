import { z } from 'zod';
import { type ActionId, Slug } from './ids.ts';

export const PrincipalKind = z.enum(['user', 'machine']);

/** Who did something, as it is recorded. `id` is unique among both kinds: `user:nadia`, `machine:ci-orders`. */
export const Actor = z
  .object({
    id: z.string().describe('user:NAME or machine:NAME; system for the gateway itself'),
    name: z.string(),
  })
  .meta({ id: 'Actor' });
export type Actor = z.infer<typeof Actor>;

/** What a token is narrowed to; absent means everything that its principal may do. */
export const TokenScope = z.object({
  actions: z
    .array(
      z
        .string()
        .max(122)
        .regex(/^[a-z][a-z0-9]*(?:[-.][a-z0-9]+)*(?:\.\*)?$/, 'must be an action id, or a prefix ending in .*'),
    )
    .optional()
    .describe('Action ids, or prefixes ending in .* such as postgres.*'),
  environments: z.array(Slug).optional(),
});
export type TokenScope = z.infer<typeof TokenScope>;

/**
 * Who may lift a gate: `team:payments` (its members), `on-call:payments` (whoever is on call for it now), or
 * `user:marta` (that person).
 */
export const ApproverGroup = z
  .string()
  .regex(/^(?:team|on-call|user):[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/, 'must be team:NAME, on-call:NAME or user:NAME');
export type ApproverGroup = z.infer<typeof ApproverGroup>;

/** Who is calling. */
export const Principal = z
  .object({
    id: z.string(),
    kind: PrincipalKind,
    name: z.string(),
    email: z.string().optional(),
    person: z.string().nullable().describe('The human behind it: one person may have several accounts; null for a machine'),
    teams: z.array(Slug),
    onCall: z.array(Slug).describe('Teams that they are on call for now'),
    manager: z.string().nullable().describe('user:NAME of the one they report to'),
    scope: TokenScope,
  })
  .meta({ id: 'Principal' });
export type Principal = z.infer<typeof Principal>;

/** A token as it is listed; the secret is shown once, when it is created. */
export const Token = z
  .object({
    id: z.string(),
    name: z.string(),
    principal: Actor,
    kind: PrincipalKind,
    scope: TokenScope,
    createdAt: z.iso.datetime(),
    createdBy: Actor,
    makerLeft: z.boolean().optional().describe('In lists: true when whoever made it is not in the company any more'),
    expiresAt: z.iso.datetime(),
    lastUsedAt: z.iso.datetime().nullable(),
    revokedAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Token' });
export type Token = z.infer<typeof Token>;

/** True when the scope includes the action in the environment. */
export function scopeCovers(scope: TokenScope, action: z.infer<typeof ActionId>, environment?: string): boolean {
  const covered =
    scope.actions === undefined ||
    scope.actions.some((pattern) => (pattern.endsWith('.*') ? action.startsWith(pattern.slice(0, -1)) : pattern === action));
  return covered && (environment === undefined || scope.environments === undefined || scope.environments.includes(environment));
}
