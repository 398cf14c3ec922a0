import { z } from 'zod';

/**
 * What is known of a replica, kept in its folder from before the first thing is made until after the last is gone.
 *
 *   copying ──> following ──> ready ──> deleting ──> (no record)
 *      │            │                      ^
 *      └────────────┴── failed, cancelled ─┘
 *
 * `copying`: slot and copy are being made. `following`: the copy is whole; its server catches up. `ready`: it can be used.
 * `deleting`: everything is being taken away. Whoever finds a record in any state but `ready` whose worker is dead finishes
 * it: what was `copying` is deleted, what was `following` becomes ready, or is deleted when it cannot.
 */
export const ReplicaRecord = z.object({
  name: z.string(),
  source: z.string(),
  environment: z.string(),
  /** Of the request that made it: it marks what that request may go on with. */
  mark: z.string(),
  request: z.string(),
  systemId: z.string(),
  /** `server_version_num` of the source, when it was copied. */
  version: z.int(),
  slot: z.string(),
  /** How people prove their password to it; with `scram-sha-256` nobody gets in whose password is kept as MD5. */
  passwords: z.enum(['md5', 'scram-sha-256']),
  port: z.int(),
  state: z.enum(['copying', 'following', 'ready', 'deleting']),
  /** Where the copy becomes consistent; empty before it is whole. */
  endLsn: z.string(),
  bytes: z.number(),
  createdAt: z.iso.datetime(),
});
export type ReplicaRecord = z.output<typeof ReplicaRecord>;

/** Of a slot that is ours: lower-case, at most 63 bytes, another one for each name. */
export function slotNameOf(name: string, mark: string): string {
  const readable = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '_');
  return `guichet_${readable.slice(0, 45)}_${mark.slice(0, 8)}`;
}
