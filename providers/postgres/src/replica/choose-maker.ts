import { refuse } from '@guichet/sdk';
import { z } from 'zod';
import type { Instance } from '../estate.ts';
import type { ReplicaMaker, ReplicaMakers } from './maker.ts';

const Kind = z.enum(['plain', 'rds']);

/** What the plans of both actions have seen. `detail` is the maker's. */
export const SeenReplica = z.object({
  kind: Kind,
  name: z.string(),
  source: z.string().optional(),
  detail: z.record(z.string(), z.unknown()),
  /** Of a deletion: input of create-read-replica that makes it again. */
  again: z.record(z.string(), z.unknown()).optional(),
});
export type SeenReplica = z.infer<typeof SeenReplica>;

/** The maker for an instance; refuses when this provider has none. */
export function makerOf({ name, settings: { kind } }: Instance, makers: ReplicaMakers): ReplicaMaker {
  return (
    makers[kind] ??
    refuse(`This provider makes and deletes no replicas of '${name}'.`, {
      remedy: 'docs/guide/postgres-replicas.md says what its configuration needs for it.',
    })
  );
}

/** The maker of a plan that was made earlier; refuses when the configuration has none any more. */
export function makerNamed(kind: z.infer<typeof Kind>, makers: ReplicaMakers): ReplicaMaker {
  return (
    makers[kind] ??
    refuse('This provider makes and deletes replicas of that kind no longer.', {
      remedy: 'Its configuration has changed since this was planned: docs/guide/postgres-replicas.md.',
    })
  );
}
