import {
  type Approval,
  type AuditEventType,
  approverGroupsOf,
  approversInWords,
  type Decision,
  GuichetError,
  type Principal,
  type Request,
  type RequestCommand,
  type RequestState,
} from '@guichet/contract';
import { appendAudit } from '../audit/index.ts';
import type { Transaction } from '../db/index.ts';
import { denied } from '../policy/index.ts';
import type { LifeEvent } from './life.ts';
import type { RequestRow } from './row.ts';
import { type RequestsOptions, unknownRequest } from './service.ts';
import { aboutRequest, standingOf } from './standing.ts';
import { transition } from './state.ts';
import { applyChanges, findRequest, insertApproval, lockRequest, requestName } from './store.ts';
import { toRequest } from './view.ts';

export interface Verdict {
  readonly comment: string;
  /** approve: the digest of what the approver looked at. */
  readonly digest?: string | undefined;
}

type Outcome = { readonly event: LifeEvent } | { readonly refusal: GuichetError; readonly event?: LifeEvent };

/**
 * What people decide about a request. Each decision: lock the row, read again what it rests on, one pure transition,
 * state + audit + outbox in one commit; then everybody is told.
 */
export class Decisions {
  readonly #options: RequestsOptions;

  constructor(options: RequestsOptions) {
    this.#options = options;
  }

  approve(principal: Principal, number: string, verdict: Verdict): Promise<Request> {
    return this.#decideOn(principal, number, { command: 'approve', verdict });
  }

  reject(principal: Principal, number: string, verdict: Verdict): Promise<Request> {
    return this.#decideOn(principal, number, { command: 'reject', verdict });
  }

  withdraw(principal: Principal, number: string, verdict: Verdict): Promise<Request> {
    return this.#decideOn(principal, number, { command: 'withdraw', verdict });
  }

  cancel(principal: Principal, number: string, verdict: Verdict): Promise<Request> {
    return this.#decideOn(principal, number, { command: 'cancel', verdict });
  }

  /** Ends a request whose time is over. Does nothing when it is not, or no more: timers may ring late or twice. */
  async expire(number: string): Promise<void> {
    await this.#options.db.transaction(async (tx) => {
      const row = await lockRequest(tx, number);
      if (row !== undefined) await this.#apply(tx, row, { type: 'expire' });
    });
  }

  async #decideOn(
    principal: Principal,
    number: string,
    { command, verdict }: { command: RequestCommand; verdict: Verdict },
  ): Promise<Request> {
    // What refuses is given back, not thrown: what was written on the way to the refusal is to stay.
    const answer = await this.#options.db.transaction(async (tx): Promise<Request | GuichetError> => {
      const row = await lockRequest(tx, number);
      if (
        row === undefined ||
        this.#options.policy.decide({ ...aboutRequest(row), operation: 'request.see', principal }).effect !== 'permit'
      )
        return unknownRequest(number);
      // The clock is looked at here too: a timer that is late must not let an approval in.
      if (await this.#apply(tx, row, { type: 'expire' })) return stateConflict({ ...row, state: 'expired' }, command);
      const outcome = await this.#judge(tx, { row, principal, command, verdict });
      if (outcome.event !== undefined && !(await this.#apply(tx, row, outcome.event))) return stateConflict(row, command);
      if ('refusal' in outcome) return outcome.refusal;
      // Read before the commit: once it is decided nothing may fail any more.
      const after = await findRequest(tx, number);
      return after === undefined ? unknownRequest(number) : toRequest(after, { principal, policy: this.#options.policy });
    });
    if (answer instanceof GuichetError) throw answer;
    return answer;
  }

  async #judge(
    tx: Transaction,
    about: { row: RequestRow; principal: Principal; command: RequestCommand; verdict: Verdict },
  ): Promise<Outcome> {
    const { row, principal, command, verdict } = about;
    const by = { id: principal.id, name: principal.name };
    const decision = this.#options.policy.decide({ ...aboutRequest(row), operation: `request.${command}`, principal });
    if (decision.effect !== 'permit') return { refusal: await this.#recordDenial(tx, about, decision) };
    switch (command) {
      case 'approve':
        return this.#approve(tx, {
          row,
          approval: {
            by,
            person: principal.person ?? principal.id,
            groups: approverGroupsOf(principal),
            comment: verdict.comment,
            at: row.readAt.toISOString(),
            reusedFrom: null,
          },
          digest: verdict.digest,
        });
      case 'reject':
        return { event: { type: 'reject', by, comment: verdict.comment } };
      case 'withdraw':
        return { event: { type: 'withdraw', by, comment: verdict.comment } };
      case 'cancel':
        return { event: { type: 'request_cancel', by, comment: verdict.comment } };
    }
  }

  async #approve(
    tx: Transaction,
    { row, approval, digest }: { row: RequestRow; approval: Approval; digest: string | undefined },
  ): Promise<Outcome> {
    if (row.state !== 'awaiting_approval') return { refusal: stateConflict(row, 'approve') };
    if (digest !== undefined && digest !== row.digest)
      return {
        refusal: new GuichetError('approval.digest_mismatch', `${requestName(row)} is not what you looked at.`, {
          remedy: 'Look at it again, then approve.',
        }),
      };
    if (row.approvals.some(({ person }) => person === approval.person))
      return {
        refusal: new GuichetError('approval.duplicate', `You have approved ${requestName(row)} already.`, {
          remedy: 'It waits for somebody else.',
        }),
      };
    const before = await standingOf(tx, row, { world: this.#options });
    if (!before.holds) return { event: { type: 'void', failure: before.failure }, refusal: voided(row, before.failure.message) };
    const open = before.decision.effect === 'needs' ? before.decision.gates : [];
    if (open.length > 0 && !open.some(({ approvers }) => approval.groups.includes(approvers)))
      return {
        refusal: new GuichetError(
          'approval.not_approver',
          `${requestName(row)} still waits for ${open.map(({ approvers }) => approversInWords(approvers)).join(', ')}; your approval would add nothing.`,
        ),
      };
    const after = await standingOf(tx, row, { world: this.#options, extra: [approval.by] });
    if (!after.holds) return { event: { type: 'void', failure: after.failure }, refusal: voided(row, after.failure.message) };
    await insertApproval(tx, row.number, approval);
    const lifted = after.decision.effect === 'permit';
    const startWindowMs = this.#options.windows.startMs;
    return { event: { type: 'approve', approval, digest: row.digest, gates: row.gates, lifted, startWindowMs } };
  }

  async #recordDenial(
    tx: Transaction,
    { row, principal, command }: { row: RequestRow; principal: Principal; command: RequestCommand },
    decision: Exclude<Decision, { effect: 'permit' }>,
  ): Promise<GuichetError> {
    await appendAudit(tx, {
      type: 'approval.denied' satisfies AuditEventType,
      actor: { id: principal.id, name: principal.name },
      outcome: 'denied',
      action: row.action,
      environment: row.environment,
      resource: `${row.resourceType}:${row.resourceId}`,
      request: row.number,
      data: { command, decision },
    });
    return denialError(decision);
  }

  /** False when the state does not take the event. */
  async #apply(tx: Transaction, row: RequestRow, event: LifeEvent): Promise<boolean> {
    const next = transition(row, event, row.readAt);
    if (!next.ok) return false;
    if (!(await applyChanges(tx, { row, changes: next.changes, told: next.told }))) return false;
    await this.#options.outbox.enqueue(tx, { request: row, told: next.told });
    tx.afterCommit(() => {
      this.#options.bus.publish(`request:${row.number}`);
      if (next.changes.cancelRequestedAt !== undefined) this.#options.bus.publish(`cancel:${row.number}`);
      if (next.changes.state === 'queued') this.#options.bus.publish('queue');
    });
    return true;
  }
}

function denialError(decision: Exclude<Decision, { effect: 'permit' }>): GuichetError {
  const reason = decision.effect === 'deny' ? decision.reasons[0] : undefined;
  if (reason?.policy === 'no-self-approval')
    return new GuichetError('approval.own_request', reason.message, {
      remedy: 'Ask somebody of the approving team.',
      details: { decision },
    });
  if (reason?.policy === 'approver-is-of-the-team' || reason?.policy === 'people-approve')
    return new GuichetError('approval.not_approver', reason.message, { details: { decision } });
  return denied(decision);
}

function voided(row: RequestRow, message: string): GuichetError {
  return new GuichetError('request.state_conflict', `${requestName(row)} is void: ${message}`, {
    remedy: 'Ask the requester to file it again.',
  });
}

const PARTICIPLE: Readonly<Record<RequestCommand, string>> = {
  approve: 'approved',
  reject: 'rejected',
  withdraw: 'withdrawn',
  cancel: 'cancelled',
};
const REMEDY: Partial<Record<`${RequestState}:${RequestCommand}`, string>> = {
  'queued:withdraw': 'It is approved and about to run: guichet requests cancel stops it.',
  'running:withdraw': 'It is running: guichet requests cancel stops it.',
  'awaiting_approval:cancel': 'It has not started: guichet requests withdraw takes it back.',
};

function stateConflict(row: Pick<RequestRow, 'number' | 'state'>, command: RequestCommand): GuichetError {
  const id = requestName(row);
  return new GuichetError(
    'request.state_conflict',
    `${id} is ${row.state.replace('_', ' ')}; it cannot be ${PARTICIPLE[command]}.`,
    {
      remedy: REMEDY[`${row.state}:${command}`] ?? `guichet requests show ${id} shows what happened.`,
      details: { state: row.state },
    },
  );
}
