import type { Decision, Principal } from '@guichet/contract';
import { asPrincipal, type Directory } from '../catalog/index.ts';
import type { Queryable } from '../db/index.ts';
import { mergeGates } from '../policy/index.ts';
import type { RequestRow } from './row.ts';

/** What an extension keeps on, and whoever has it: the requester of that, not of the extension. */
export interface Kept {
  readonly row: RequestRow;
  /** Undefined when they are no longer in the company. */
  readonly holder: Principal | undefined;
}

export async function keptOf(db: Queryable, row: RequestRow, directory: Directory): Promise<Kept> {
  const member = (await directory.members(db, [row.requesterId])).get(row.requesterId);
  return { row, holder: member === undefined || row.requesterIsFormer ? undefined : asPrincipal(member, row.scope) };
}

/** Policy's decision about whoever files an extension, and about whoever has what it keeps on: both have to be let. */
export function decideKept({ row, holder }: Kept, filer: Decision, decide: (principal: Principal) => Decision): Decision {
  if (filer.effect === 'deny') return filer;
  const deny = (policy: string, message: string) => ({ policy, message: `Of ${row.requesterName}, who has it: ${message}` });
  if (holder === undefined) return { effect: 'deny', reasons: [deny('default', 'they are no longer in the company.')] };
  const theirs = decide(holder);
  if (theirs.effect === 'deny')
    return { effect: 'deny', reasons: theirs.reasons.map(({ policy, message }) => deny(policy, message)) };
  if (theirs.effect === 'permit') return filer;
  return { effect: 'needs', gates: mergeGates([...(filer.effect === 'needs' ? filer.gates : []), ...theirs.gates]) };
}
