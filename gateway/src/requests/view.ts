import {
  type Actor,
  formatRequestId,
  isFinal,
  type Plan,
  type Principal,
  REQUEST_COMMANDS,
  type Receipt,
  type Request,
  type RequestCommand,
  type RequestEvent,
  type RequestSummary,
} from '@guichet/contract';
import type { Company } from '../catalog/index.ts';
import type { Queryable } from '../db/index.ts';
import { approvedFor, type Policy } from '../policy/index.ts';
import { receiptOfRun } from '../receipts/index.ts';
import { glassRefusal } from './commands.ts';
import { shownOutput } from './confidential.ts';
import { connectRefusal } from './connect.ts';
import { extensionRefusal } from './extension.ts';
import type { LifeEventType } from './life.ts';
import type { RequestRow } from './row.ts';
import {
  aboutRequest,
  approvedBy,
  countedApprovals,
  type Members,
  personsBehind,
  recordedApprovals,
  type World,
} from './standing.ts';
import { ACCEPTED } from './state.ts';
import { requestName, type StoredEvent } from './store.ts';
import { type LiveUndo, liveUndo, undoRefusal } from './undo.ts';

const iso = (date: Date): string => date.toISOString();
const isoOrNull = (date: Date | null): string | null => date?.toISOString() ?? null;

/** A plan without what only the provider needs. */
export function withoutSeen({ seen: _, ...plan }: Plan): Omit<Plan, 'seen'> {
  return plan;
}

/** What is read beside the rows: who approved them, with what they belong to now. */
interface Beside {
  readonly company: Company;
  readonly members: Members;
}

async function readBeside(db: Queryable, rows: readonly RequestRow[], { directory }: World): Promise<Beside> {
  const ids = [...new Set(rows.flatMap(({ approvals }) => approvals.map(({ by }) => by.id)))];
  return { company: directory.company, members: ids.length === 0 ? new Map() : await directory.members(db, ids) };
}

export async function summaryViews(db: Queryable, rows: readonly RequestRow[], world: World): Promise<RequestSummary[]> {
  const beside = await readBeside(db, rows, world);
  return rows.map((row) => toSummary(row, beside));
}

/** A request as the principal sees it, with what they may do with it. */
export async function requestView(
  db: Queryable,
  row: RequestRow,
  { principal, world, members }: { principal: Principal; world: World; members?: Members },
): Promise<Request> {
  const { directory, policy } = world;
  const beside = members === undefined ? await readBeside(db, [row], world) : { company: directory.company, members };
  const undo = row.undo === null ? undefined : await liveUndo(db, row.number);
  const receipt = row.runId === null ? null : await receiptOfRun(db, row.runId);
  return toRequest(row, { principal, policy, beside, undo, receipt });
}

/** How many approvals count for each gate: as people stand now, or, once it has ended, as they stood then. */
function gatesOf(row: RequestRow, { company, members }: Beside): RequestSummary['gates'] {
  const own = personsBehind(row).flatMap((person) => [person, company.personOf(person)]);
  const approvals = isFinal(row.state) ? recordedApprovals(row) : countedApprovals(row, members);
  return row.gates.map((gate) => ({ ...gate, approved: approvedFor(gate, { approvals, own }) }));
}

function toSummary(row: RequestRow, beside: Beside): RequestSummary {
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
    resource: row.plan.resource,
    gates: gatesOf(row, beside),
    createdAt: iso(row.createdAt),
    updatedAt: iso(row.updatedAt),
    expiresAt: waits ? isoOrNull(row.expiresAt) : null,
    waitsFor: row.state === 'queued' && row.waitsFor !== null ? formatRequestId(row.waitsFor) : null,
    undoAt: row.undoState === 'scheduled' ? isoOrNull(row.undoAt) : null,
    review: row.review,
  };
}

function toRequest(
  row: RequestRow,
  about: { principal: Principal; policy: Policy; beside: Beside; undo: LiveUndo | undefined; receipt: Receipt | null },
): Request {
  const { beside, undo, receipt } = about;
  return {
    ...toSummary(row, beside),
    actionVersion: row.actionVersion,
    input: { ...row.input },
    plan: withoutSeen(row.plan),
    digest: row.digest,
    approvals: row.approvals.map(({ former, ...approval }) => (former === true ? { ...approval, former } : approval)),
    decidedBy: row.decidedById === null ? null : { id: row.decidedById, name: row.decidedByName ?? row.decidedById },
    comment: row.comment,
    cancelRequestedAt: isoOrNull(row.cancelRequestedAt),
    run: runOf(row, receipt),
    drift: row.drift === null ? null : withoutSeen(row.drift),
    output: shownOutput(row, { principal: about.principal, company: beside.company }),
    undo: row.undo,
    undoOf: row.undoOf === null ? null : requestName({ number: row.undoOf }),
    undoneBy: undo === undefined ? null : requestName(undo),
    temporary: temporaryOf(row),
    extensionOf: row.extensionOf === null ? null : requestName({ number: row.extensionOf }),
    startAt: isoOrNull(row.startAt),
    failure: row.failure,
    lastEvent: row.eventCount,
    allowed: REQUEST_COMMANDS.filter((command) => mayNow(row, { ...about, command })),
  };
}

function temporaryOf({ lastsSeconds, extensionOf, undoState, undoAt, undoMessage }: RequestRow): Request['temporary'] {
  if (lastsSeconds === null || extensionOf !== null) return null;
  return { seconds: lastsSeconds, state: undoState ?? 'pending', undoAt: isoOrNull(undoAt), message: undoMessage };
}

function runOf(row: RequestRow, receipt: Receipt | null): Request['run'] {
  if (row.runId === null || row.startedAt === null) return null;
  return {
    id: row.runId,
    attempt: row.attempt,
    worker: row.worker ?? '',
    startedAt: iso(row.startedAt),
    dispatchedAt: isoOrNull(row.dispatchedAt),
    deadlineAt: isoOrNull(row.deadlineAt),
    finishedAt: isoOrNull(row.finishedAt),
    receipt,
  };
}

const EVENT_OF: Readonly<
  Record<Exclude<RequestCommand, 'review' | 'undo' | 'extend' | 'break_glass' | 'connect'>, LifeEventType>
> = {
  approve: 'approve',
  reject: 'reject',
  withdraw: 'withdraw',
  cancel: 'request_cancel',
  resolve: 'resolve',
};

function takes(row: RequestRow, command: RequestCommand, undo: LiveUndo | undefined): boolean {
  if (command === 'review') return row.review?.state === 'open';
  if (command === 'undo') return undoRefusal(row, undo) === undefined;
  if (command === 'extend') return extensionRefusal(row, undo) === undefined;
  if (command === 'break_glass') return glassRefusal(row) === undefined;
  if (command === 'connect') return connectRefusal(row, undo) === undefined;
  return ACCEPTED[row.state].includes(EVENT_OF[command]);
}

/** True when the state takes the command and policy permits it to the principal. */
function mayNow(
  row: RequestRow,
  {
    principal,
    policy,
    beside,
    undo,
    command,
  }: { principal: Principal; policy: Policy; beside: Beside; undo: LiveUndo | undefined; command: RequestCommand },
): boolean {
  if (!takes(row, command, undo)) return false;
  if (command === 'approve' && approvedBy(row, principal.person, beside.company)) return false;
  return policy.decide({ ...aboutRequest(row), operation: `request.${command}`, principal }).effect === 'permit';
}

export function toRequestEvent({ actorId, actorName, at, type, number, data }: StoredEvent): RequestEvent {
  const actor: Actor | null = actorId === null ? null : { id: actorId, name: actorName ?? actorId };
  // The type was written from the closed list of event types.
  return { number, type: type as RequestEvent['type'], at: iso(at), actor, data: { ...data } };
}
