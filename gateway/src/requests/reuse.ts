import { type Approval, approverGroupsOf, formatRequestId, type Gate } from '@guichet/contract';
import { statement, type Transaction } from '../db/index.ts';
import { liftsGate } from '../policy/index.ts';
import { IS_FORMER, type RequestRow } from './row.ts';
import { personsBehind, type World } from './standing.ts';

/**
 * Approvals given to the same requester for the identical thing, newest first. A request that was taken back, rejected or
 * found void lends none, and a rejection of the same digest, whoever filed it, ends all that were given before it.
 */
const GIVEN = statement(
  'approvals-given',
  `select a.principal_id as id, a.principal_name as name, a.groups, a.comment, a.at, a.request
   from requests q join approvals a on a.request = q.number
   where q.digest = $1 and q.requester_id = $2 and q.resource_type = $3 and q.resource_id = $4 and q.owner_team = $5
     and q.number <> $6 and q.state not in ('rejected', 'withdrawn', 'void')
     and a.reused_from is null and not ${IS_FORMER('a.principal_id', 'a.at')} and not ${IS_FORMER('q.requester_id', 'q.created_at')}
     and a.at > $7::timestamptz - make_interval(secs => $8)
     and not exists (select from requests z where z.digest = $1 and z.state = 'rejected' and z.finished_at >= a.at)
   order by a.at desc, a.request desc`,
);

interface Given {
  readonly id: string;
  readonly name: string;
  readonly groups: readonly string[];
  readonly comment: string;
  readonly at: Date;
  /** The request that it was given for. */
  readonly request: string;
}

/**
 * Approvals that count again for a request that has just been filed: for gates whose policy lets them, within the window
 * of the gate, by people who were of its group then and are now. One for each person, with its original time.
 */
export async function reusableApprovals(tx: Transaction, row: RequestRow, { directory }: World): Promise<Approval[]> {
  const longest = Math.max(0, ...row.gates.map(({ reuseSeconds = 0 }) => reuseSeconds));
  if (longest === 0) return [];
  const { digest, requesterId, resourceType, resourceId, ownerTeam, number, createdAt } = row;
  const given = await tx.query<Given>(GIVEN, [
    digest,
    requesterId,
    resourceType,
    resourceId,
    ownerTeam,
    number,
    createdAt,
    longest,
  ]);
  const members = await directory.members(
    tx,
    given.map(({ id }) => id),
  );
  const taken = new Set(personsBehind(row).flatMap((person) => [person, directory.company.personOf(person)]));
  return given.flatMap(({ id, name, groups: before, comment, at, request }): Approval[] => {
    const member = members.get(id);
    if (member === undefined || member.person === null || taken.has(member.person)) return [];
    const groups = approverGroupsOf(member).filter((group) => before.includes(group));
    const counted = { person: member.person, groups, reusedAfter: (createdAt.getTime() - at.getTime()) / 1000 };
    if (!row.gates.some((gate: Gate) => liftsGate(counted, gate))) return [];
    taken.add(member.person);
    const reusedFrom = formatRequestId(request);
    return [{ by: { id, name }, person: member.person, groups, comment, at: at.toISOString(), reusedFrom }];
  });
}
