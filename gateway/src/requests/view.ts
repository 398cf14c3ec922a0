import {
  type Actor,
  isFinal,
  type Plan,
  type Principal,
  REQUEST_COMMANDS,
  type Request,
  type RequestCommand,
  type RequestEvent,
  type RequestSummary,
} from '@guichet/contract';
import type { Policy } from '../policy/index.ts';
import type { LifeEventType } from './life.ts';
import type { RequestRow } from './row.ts';
import { aboutRequest } from './standing.ts';
import { ACCEPTED } from './state.ts';
import { requestName, type StoredEvent } from './store.ts';

const iso = (date: Date): string => date.toISOString();
const isoOrNull = (date: Date | null): string | null => date?.toISOString() ?? null;

/** A plan without what only the provider needs. */
export function withoutSeen({ seen: _, ...plan }: Plan): Omit<Plan, 'seen'> {
  return plan;
}

export function toSummary(row: RequestRow): RequestSummary {
  const waits = row.state === 'awaiting_approval' || row.state === 'queued';
  return {
    id: requestName(row),
    action: row.action,
    title: row.title,
    environment: row.environment,
    risk: row.risk,
    state: row.state,
    requester: { id: row.requesterId, name: row.requesterName },
    reason: row.reason,
    summary: row.summary,
    gates: row.gates.map((gate) => ({
      ...gate,
      approved: row.approvals.filter(({ groups }) => groups.includes(gate.approvers)).length,
    })),
    createdAt: iso(row.createdAt),
    updatedAt: iso(row.updatedAt),
    expiresAt: waits ? isoOrNull(row.expiresAt) : null,
  };
}

/** A request as the principal sees it, with what they may do with it. */
export function toRequest(row: RequestRow, { principal, policy }: { principal: Principal; policy: Policy }): Request {
  return {
    ...toSummary(row),
    actionVersion: row.actionVersion,
    input: { ...row.input },
    plan: withoutSeen(row.plan),
    digest: row.digest,
    approvals: [...row.approvals],
    decidedBy: row.decidedById === null ? null : { id: row.decidedById, name: row.decidedByName ?? row.decidedById },
    comment: row.comment,
    cancelRequestedAt: isoOrNull(row.cancelRequestedAt),
    run: runOf(row),
    drift: row.drift === null ? null : withoutSeen(row.drift),
    output: row.output,
    failure: row.failure,
    lastEvent: row.eventCount,
    allowed: isFinal(row.state) ? [] : REQUEST_COMMANDS.filter((command) => mayNow(row, { principal, policy, command })),
  };
}

function runOf(row: RequestRow): Request['run'] {
  if (row.runId === null || row.startedAt === null) return null;
  return {
    id: row.runId,
    attempt: row.attempt,
    worker: row.worker ?? '',
    startedAt: iso(row.startedAt),
    dispatchedAt: isoOrNull(row.dispatchedAt),
    deadlineAt: isoOrNull(row.deadlineAt),
    finishedAt: isoOrNull(row.finishedAt),
  };
}

const EVENT_OF: Readonly<Record<RequestCommand, LifeEventType>> = {
  approve: 'approve',
  reject: 'reject',
  withdraw: 'withdraw',
  cancel: 'request_cancel',
};

/** True when the state takes the command and policy permits it to the principal. */
export function mayNow(
  row: RequestRow,
  { principal, policy, command }: { principal: Principal; policy: Policy; command: RequestCommand },
): boolean {
  if (!ACCEPTED[row.state].includes(EVENT_OF[command])) return false;
  if (command === 'approve' && row.approvals.some(({ person }) => person === principal.person)) return false;
  return policy.decide({ ...aboutRequest(row), operation: `request.${command}`, principal }).effect === 'permit';
}

export function toRequestEvent({ actorId, actorName, at, type, number, data }: StoredEvent): RequestEvent {
  const actor: Actor | null = actorId === null ? null : { id: actorId, name: actorName ?? actorId };
  // The type was written from the closed list of event types.
  return { number, type: type as RequestEvent['type'], at: iso(at), actor, data: { ...data } };
}
