import {
  type Approval,
  type Decision,
  formatRequestId,
  GuichetError,
  type Planned,
  type Principal,
  type Request,
} from '@guichet/contract';
import { appendAudit } from '../audit/index.ts';
import type { Transaction } from '../db/index.ts';
import { type CountedApproval, denied, deniedAndRecorded, type Question, refuseUnseen, seenBy } from '../policy/index.ts';
import { wholeTime } from './extension.ts';
import { decideKept } from './holder.ts';
import { isSameCall } from './idempotency.ts';
import type { Told } from './life.ts';
import { behindCall, newRequest, type PlannedCall } from './new-request.ts';
import { placeOf } from './place.ts';
import { reusableApprovals } from './reuse.ts';
import type { NewRequest, RequestRow } from './row.ts';
import { sealSecrets } from './secrets.ts';
import { aboutRequest, countedApprovals, standingOf } from './standing.ts';
import { reusedApproval, transition } from './state.ts';
import { findByIdempotencyKey, findRequest, insertApproval, insertRequest } from './store.ts';
import type { RequestsOptions, SubmitCall, WriteCall } from './submission.ts';
import { checkStart, decideTerms, planForAWhile, withLasts } from './terms.ts';
import { claimUndo, tellFiled } from './undo.ts';
import { requestView, withoutSeen } from './view.ts';
import { writeTransition } from './write.ts';

/** Planning and filing requests. */
export class Filing {
  readonly #options: RequestsOptions;

  constructor(options: RequestsOptions) {
    this.#options = options;
  }

  /** What a write would do and who would have to approve it. Changes nothing. */
  async plan(principal: Principal, asked: WriteCall): Promise<Planned> {
    const planned = await this.#planned(principal, asked);
    const call = withLasts(planned.found, asked);
    const { plan, input } = planned;
    const decision = this.#decide(principal, call, planned);
    const data = { input, summary: plan.summary, decision };
    await this.#audit(principal, call, { type: 'plan.answered', outcome: 'ok', data });
    return { plan: withoutSeen(plan), decision, input };
  }

  /** Files a request. With an idempotency key, the same call gives the same request, however often it is sent. */
  async submit(principal: Principal, call: SubmitCall): Promise<Request> {
    const before = await this.#sentBefore(principal, call);
    if (before !== undefined) return this.#view(before, principal);
    try {
      return await this.#submitNew(principal, call);
    } catch (error) {
      // Refused, perhaps because the same call, which was being served at the same time, has filed it meanwhile.
      const isAnswer = error instanceof GuichetError && error.code !== 'database.unavailable';
      const own = isAnswer ? await this.#sentBefore(principal, call) : undefined;
      if (own === undefined) throw error;
      return this.#view(own, principal);
    }
  }

  async #submitNew(principal: Principal, asked: SubmitCall): Promise<Request> {
    await checkStart(this.#options.db, asked);
    const planned = await this.#planned(principal, asked, { toSubmit: true });
    const call = withLasts(planned.found, asked);
    if (call.fingerprint !== undefined && call.fingerprint !== planned.plan.fingerprint) {
      const data = { input: planned.input, summary: planned.plan.summary, shown: call.fingerprint };
      await this.#audit(principal, call, { type: 'plan.answered', outcome: 'ok', data });
      throw new GuichetError('plan.drifted', `Things have moved: the plan is now: ${planned.plan.summary}`, {
        remedy: 'Look at the new plan and submit again.',
        details: { plan: withoutSeen(planned.plan) },
      });
    }
    return this.file(principal, call, planned);
  }

  /** Files what is planned, when policy lets it. */
  async file(principal: Principal, call: SubmitCall, planned: PlannedCall): Promise<Request> {
    const decision = this.#decide(principal, call, planned);
    if (decision.effect === 'deny') {
      await this.#recordDenied(principal, call, { planned, decision });
      throw deniedAndRecorded(decision);
    }
    const gates = decision.effect === 'needs' ? decision.gates : [];
    const waits = gates.length > 0 && !(await this.#approvedAlready(principal, call, planned));
    if (waits && call.reason === undefined)
      throw new GuichetError('reason.required', 'This needs an approval, and an approver needs a reason.', {
        remedy: 'Say why: --reason "migration stuck, orders are timing out".',
        errors: [{ field: '/reason', message: 'is required for this', remedy: 'Say why, in a sentence.' }],
      });
    const row = newRequest(principal, call, { ...planned, gates, waits }, this.#options);
    const sealed = await sealSecrets(this.#options.sealer, row, planned.secrets);
    const filed = await this.#insert(principal, call, { ...row, sealed });
    if (filed !== undefined) return this.#view(filed, principal);
    const raced = await this.#sentBefore(principal, call);
    if (raced === undefined) throw new GuichetError('internal', 'The request was neither stored nor found.');
    return this.#view(raced, principal);
  }

  /** True when the approvals that were given with what it undoes lift its gates, as people stand now. */
  async #approvedAlready(principal: Principal, call: SubmitCall, planned: PlannedCall): Promise<boolean> {
    const { approvedWith } = call;
    if (approvedWith === undefined) return false;
    const { db, directory } = this.#options;
    const members = await directory.members(
      db,
      approvedWith.approvals.map(({ by }) => by.id),
    );
    const approvals = countedApprovals({ ...approvedWith, approvedWith: true }, members);
    return this.#decide(principal, call, planned, approvals).effect === 'permit';
  }

  /** What the same call has filed before, under the same idempotency key. */
  async repeated(principal: Principal, call: SubmitCall): Promise<Request | undefined> {
    const row = await this.#sentBefore(principal, call);
    return row === undefined ? undefined : this.#view(row, principal);
  }

  async #planned(principal: Principal, call: SubmitCall, { toSubmit = false } = {}): Promise<PlannedCall> {
    const found = this.#options.catalog.getIn(call.action, call.environment, seenBy(this.#options.policy, principal));
    if (found.action.kind !== 'write')
      throw new GuichetError('action.not_writable', `${call.action} is a read.`, {
        remedy: `Read it: POST /v1/actions/${call.action}/read.`,
      });
    // Fields and their descriptions are told to whoever sees the action.
    refuseUnseen(this.#options.policy, principal, found.action);
    const { whole, shown, secrets } = found.checkInput(call.input);
    const { lastsSeconds } = withLasts(found, call);
    const input = { ...shown };
    const question = { principal, action: found.action, environment: call.environment };
    const allowed = this.#options.policy.decide({ ...question, operation: 'action.plan' });
    if (allowed.effect !== 'permit') {
      await this.#audit(principal, call, { type: 'plan.denied', outcome: 'denied', data: { input, decision: allowed } });
      throw deniedAndRecorded(allowed);
    }
    // Looked at before the provider is asked; counted when it is filed.
    if (toSubmit && call.byClock !== true)
      await this.#options.limits.mayFile(this.#options.db, { action: call.action, principalId: principal.id });
    try {
      const { environment } = call;
      const said = await this.#options.calls.plan({ found, environment, input: whole, secrets, caller: principal });
      const plan = planForAWhile(said, found, lastsSeconds);
      const place = placeOf(said.resource, { team: found.action.team, company: this.#options.directory.company });
      return { found, input, secrets, plan, place };
    } catch (error) {
      const code = error instanceof GuichetError ? error.code : 'internal';
      await this.#audit(principal, call, { type: 'plan.failed', outcome: 'failed', data: { input, code } });
      throw error;
    }
  }

  #decide(
    principal: Principal,
    call: SubmitCall,
    { plan, found, place, input }: PlannedCall,
    approvals: readonly CountedApproval[] = [],
  ): Decision {
    const { environment, lastsSeconds } = call;
    const question: Question = {
      approvals,
      operation: 'action.submit',
      principal,
      action: found.action,
      resource: { ...plan.resource, ...place },
      environment,
      input,
      lastsSeconds: call.keeps === undefined ? lastsSeconds : wholeTime(call.keeps.row, lastsSeconds),
      // Gates that nobody behind it can lift become others here, as they will at the run.
      context: { requesterId: principal.id, behind: behindCall(principal, call, this.#options) },
    };
    const ask = (who: Principal) =>
      decideTerms({ ...question, principal: who }, { found, environment, lastsSeconds }, this.#options);
    const decision = ask(principal);
    return call.keeps === undefined ? decision : decideKept(call.keeps, decision, ask);
  }

  #view(row: RequestRow, principal: Principal): Promise<Request> {
    return requestView(this.#options.db, row, { principal, world: this.#options });
  }

  /** The request as filed; undefined when the idempotency key was used before. */
  async #insert(principal: Principal, call: SubmitCall, row: NewRequest): Promise<RequestRow | undefined> {
    const { db, bus, outbox, limits } = this.#options;
    const actor = { id: principal.id, name: principal.name };
    const { reason, summary, digest, input, gates } = row;
    const submitted: Told = { type: 'request.submitted', actor, data: { reason, summary, gates } };
    const carried = (call.approvedWith?.approvals ?? []).map((approval): Approval => {
      return { ...approval, reusedFrom: approval.reusedFrom ?? formatRequestId(call.approvedWith?.number ?? '') };
    });
    const told: Told[] = [submitted, ...carried.map((approval) => reusedApproval(approval, digest))];
    if (row.state === 'queued') told.push({ type: 'request.queued', data: {} });
    return db.transaction(async (tx) => {
      if (call.byClock !== true) await limits.submission(tx, { action: row.action, principalId: principal.id });
      const undone = row.undoOf === null ? undefined : await claimUndo(tx, row.undoOf, call.byClock);
      const inserted = await insertRequest(tx, { row, told, auditData: [{ reason, summary, digest, input, gates }] });
      if (inserted === undefined) return undefined;
      const { number, expiresAt } = inserted;
      await call.within?.(tx, number);
      for (const approval of carried) await insertApproval(tx, number, approval);
      await outbox.enqueue(tx, { request: { ...row, number }, told });
      if (row.state === 'awaiting_approval') await outbox.expireLater(tx, { number, at: expiresAt });
      if (undone !== undefined)
        await tellFiled(tx, { row: undone, undo: number, actor: call.byClock === true ? undefined : actor }, this.#options);
      tx.afterCommit(() => {
        if (row.state === 'queued') bus.publish('queue');
        bus.publish(`request:${number}`);
      });
      const filed = await findRequest(tx, number);
      if (filed === undefined) return undefined;
      // Read before the commit: once it is filed nothing may fail any more.
      return (await this.#reuse(tx, filed)) ? findRequest(tx, number) : filed;
    });
  }

  /** Lets approvals of the identical request count again, where policy says so. False when there are none. */
  async #reuse(tx: Transaction, row: RequestRow): Promise<boolean> {
    if (row.state !== 'awaiting_approval') return false;
    const approvals = await reusableApprovals(tx, row, this.#options);
    if (approvals.length === 0) return false;
    const standing = await standingOf(tx, { ...row, approvals }, { world: this.#options });
    if (!standing.holds) return false;
    for (const approval of approvals) await insertApproval(tx, row.number, approval);
    const lifted = standing.decision.effect === 'permit';
    const startWindowMs = this.#options.windows.startMs;
    const event = { type: 'reuse', approvals, digest: row.digest, lifted, startWindowMs } as const;
    return writeTransition(tx, { row, next: transition(row, event, row.readAt) }, this.#options);
  }

  async #sentBefore(principal: Principal, call: SubmitCall): Promise<RequestRow | undefined> {
    if (call.idempotencyKey === undefined) return undefined;
    const row = await findByIdempotencyKey(this.#options.db, principal.id, call.idempotencyKey);
    if (row === undefined) return row;
    // A narrowed token is not shown what a wider one of the same caller has filed.
    const seen = this.#options.policy.decide({ ...aboutRequest(row), operation: 'request.see', principal });
    if (seen.effect !== 'permit') throw denied(seen);
    if (isSameCall(this.#options.sealer, call, row.idempotencyDigest)) return row;
    throw new GuichetError('idempotency.reused', `You used the idempotency key '${call.idempotencyKey}' for another request.`, {
      remedy: 'Make a new key for each new request.',
      details: { request: `REQ-${row.number}` },
    });
  }

  /** With all that the decision rested on, so that policies of another day can be asked the same. */
  #recordDenied(
    principal: Principal,
    call: SubmitCall,
    { planned: { input, plan, found, place }, decision }: { planned: PlannedCall; decision: Decision },
  ): Promise<void> {
    const { type, id } = plan.resource;
    const { risk } = found.action;
    const facts = {
      resource: { type, id, ...place },
      risk,
      scope: principal.scope,
      behind: behindCall(principal, call, this.#options),
      ...(call.lastsSeconds !== undefined && { lastsSeconds: call.lastsSeconds }),
    };
    const data = { input, decision, ...facts };
    return this.#audit(principal, call, { type: 'request.denied', outcome: 'denied', resource: `${type}:${id}`, data });
  }

  async #audit(
    principal: Principal,
    call: WriteCall,
    event: {
      type: 'plan.answered' | 'plan.failed' | 'plan.denied' | 'request.denied';
      outcome: 'ok' | 'denied' | 'failed';
      resource?: string;
      data: Readonly<Record<string, unknown>>;
    },
  ): Promise<void> {
    const actor = { id: principal.id, name: principal.name };
    await appendAudit(this.#options.db, { ...event, actor, action: call.action, environment: call.environment });
  }
}
