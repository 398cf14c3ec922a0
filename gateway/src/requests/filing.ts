import { type Decision, GuichetError, type Plan, type Planned, type Principal, type Request } from '@guichet/contract';
import type { SecretValue } from '@guichet/contract/secrets';
import { appendAudit } from '../audit/index.ts';
import type { CatalogAction, ProviderCalls } from '../catalog/index.ts';
import type { Bus, Database, Transaction } from '../db/index.ts';
import type { Limits } from '../limits/index.ts';
import { denied, deniedAndRecorded, refuseUnseen, seenBy } from '../policy/index.ts';
import type { Sealer } from '../sealing/index.ts';
import { currentTraceparent } from '../telemetry/index.ts';
import { idempotencyDigest, isSameCall } from './idempotency.ts';
import type { Told } from './life.ts';
import type { Outbox } from './outbox.ts';
import { type Place, placeOf } from './place.ts';
import { reusableApprovals } from './reuse.ts';
import type { NewRequest, RequestRow } from './row.ts';
import { sealSecrets, secretDigestOf } from './secrets.ts';
import { aboutRequest, digestOfRequest, standingOf, type World } from './standing.ts';
import { transition } from './state.ts';
import { findByIdempotencyKey, findRequest, insertApproval, insertRequest } from './store.ts';
import { claimUndo, tellFiled } from './undo.ts';
import { requestView, withoutSeen } from './view.ts';
import { writeTransition } from './write.ts';

/** How long a request waits, in milliseconds: for its approvals, and, from then on, for its start. */
export interface Windows {
  readonly approvalMs: number;
  readonly startMs: number;
}

export interface RequestsOptions extends World {
  readonly db: Database;
  readonly bus: Bus;
  readonly calls: ProviderCalls;
  readonly outbox: Outbox;
  readonly sealer: Sealer;
  readonly limits: Limits;
  readonly windows: Windows;
  readonly now: () => Date;
}

export interface WriteCall {
  readonly action: string;
  readonly environment: string;
  readonly input: Readonly<Record<string, unknown>>;
}

export interface SubmitCall extends WriteCall {
  readonly reason?: string | undefined;
  /** Fingerprint of the plan that the requester was shown. */
  readonly fingerprint?: string | undefined;
  readonly idempotencyKey?: string | undefined;
  /** Who made the token that it is filed with, or whom it is filed on behalf of: no second person for it. */
  readonly tokenMakerId?: string | undefined;
  /** Number of the request that it undoes. */
  readonly undoOf?: string | undefined;
}

interface PlannedCall {
  readonly found: CatalogAction;
  /** As it may be shown. */
  readonly input: Record<string, unknown>;
  readonly secrets: readonly SecretValue[];
  readonly plan: Plan;
  readonly place: Place;
}

/** Planning and filing requests. */
export class Filing {
  readonly #options: RequestsOptions;

  constructor(options: RequestsOptions) {
    this.#options = options;
  }

  /** What a write would do and who would have to approve it. Changes nothing. */
  async plan(principal: Principal, call: WriteCall): Promise<Planned> {
    const planned = await this.#planned(principal, call);
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
    const planned = await this.#planned(principal, call, { toSubmit: true });
    if (call.fingerprint !== undefined && call.fingerprint !== planned.plan.fingerprint) {
      const data = { input: planned.input, summary: planned.plan.summary, shown: call.fingerprint };
      await this.#audit(principal, call, { type: 'plan.answered', outcome: 'ok', data });
      throw new GuichetError('plan.drifted', `Things have moved: the plan is now: ${planned.plan.summary}`, {
        remedy: 'Look at the new plan and submit again.',
        details: { plan: withoutSeen(planned.plan) },
      });
    }
    const decision = this.#decide(principal, call, planned);
    if (decision.effect === 'deny') {
      await this.#recordDenied(principal, call, { planned, decision });
      throw deniedAndRecorded(decision);
    }
    const gates = decision.effect === 'needs' ? decision.gates : [];
    if (gates.length > 0 && call.reason === undefined)
      throw new GuichetError('reason.required', 'This needs an approval, and an approver needs a reason.', {
        remedy: 'Say why: --reason "migration stuck, orders are timing out".',
        errors: [{ field: '/reason', message: 'is required for this', remedy: 'Say why, in a sentence.' }],
      });
    const row = this.#newRow(principal, call, planned, gates);
    const sealed = await sealSecrets(this.#options.sealer, row, planned.secrets);
    const filed = await this.#insert(principal, { ...row, sealed });
    if (filed !== undefined) return this.#view(filed, principal);
    const raced = await this.#sentBefore(principal, call);
    if (raced === undefined) throw new GuichetError('internal', 'The request was neither stored nor found.');
    return this.#view(raced, principal);
  }

  /** What the same call has filed before, under the same idempotency key. */
  async repeated(principal: Principal, call: SubmitCall): Promise<Request | undefined> {
    const row = await this.#sentBefore(principal, call);
    return row === undefined ? undefined : this.#view(row, principal);
  }

  async #planned(principal: Principal, call: WriteCall, { toSubmit = false } = {}): Promise<PlannedCall> {
    const found = this.#options.catalog.getIn(call.action, call.environment, seenBy(this.#options.policy, principal));
    if (found.action.kind !== 'write')
      throw new GuichetError('action.not_writable', `${call.action} is a read.`, {
        remedy: `Read it: POST /v1/actions/${call.action}/read.`,
      });
    // Fields and their descriptions are told to whoever sees the action.
    refuseUnseen(this.#options.policy, principal, found.action);
    const { whole, shown, secrets } = found.checkInput(call.input);
    const input = { ...shown };
    const question = { principal, action: found.action, environment: call.environment };
    const allowed = this.#options.policy.decide({ ...question, operation: 'action.plan' });
    if (allowed.effect !== 'permit') {
      await this.#audit(principal, call, { type: 'plan.denied', outcome: 'denied', data: { input, decision: allowed } });
      throw deniedAndRecorded(allowed);
    }
    // Looked at before the provider is asked; counted when it is filed.
    if (toSubmit) await this.#options.limits.mayFile(this.#options.db, { action: call.action, principalId: principal.id });
    try {
      const { environment } = call;
      const plan = await this.#options.calls.plan({ found, environment, input: whole, secrets, caller: principal });
      const place = placeOf(plan.resource, { team: found.action.team, company: this.#options.directory.company });
      return { found, input, secrets, plan, place };
    } catch (error) {
      const code = error instanceof GuichetError ? error.code : 'internal';
      await this.#audit(principal, call, { type: 'plan.failed', outcome: 'failed', data: { input, code } });
      throw error;
    }
  }

  #decide(principal: Principal, call: SubmitCall, { plan, found, place, input }: PlannedCall): Decision {
    const { environment } = call;
    return this.#options.policy.decide({
      operation: 'action.submit',
      principal,
      action: found.action,
      resource: { ...plan.resource, ...place },
      environment,
      input,
      // Gates that nobody behind it can lift become others here, as they will at the run.
      context: { requesterId: principal.id, behind: this.#behind(principal, call) },
    });
  }

  #newRow(
    principal: Principal,
    call: SubmitCall,
    { found, input, secrets, plan, place }: PlannedCall,
    gates: NewRequest['gates'],
  ): Omit<NewRequest, 'sealed'> {
    const { windows, now, sealer } = this.#options;
    const { action } = found;
    const { environment } = call;
    const secretDigest = secretDigestOf(sealer, { action: action.id, environment, secrets });
    const waits = gates.length > 0;
    return {
      action: action.id,
      actionVersion: action.version,
      title: action.title,
      risk: action.risk,
      environment,
      input,
      plan,
      digest: digestOfRequest(found, { environment, input, fingerprint: plan.fingerprint, secrets: secretDigest }),
      summary: plan.summary,
      resourceType: plan.resource.type,
      resourceId: plan.resource.id,
      ownerTeam: place.owner,
      reason: call.reason ?? '',
      requesterId: principal.id,
      requesterName: principal.name,
      scope: principal.scope,
      behind: this.#behind(principal, call),
      idempotencyKey: call.idempotencyKey ?? null,
      idempotencyDigest: call.idempotencyKey === undefined ? null : idempotencyDigest(sealer, call),
      secretDigest,
      traceparent: currentTraceparent(),
      gates,
      idempotent: action.idempotent,
      observable: action.observable,
      timeoutSeconds: action.timeoutSeconds,
      undoOf: call.undoOf ?? null,
      state: waits ? 'awaiting_approval' : 'queued',
      expiresAt: new Date(now().getTime() + (waits ? windows.approvalMs : windows.startMs)),
    };
  }

  /** Whoever makes a machine's token can act as the machine: they are no second person for what it asks. */
  #behind(principal: Principal, { tokenMakerId }: SubmitCall): string[] {
    const maker = tokenMakerId === undefined ? null : this.#options.directory.company.personOf(tokenMakerId);
    return [...new Set([principal.person, maker].filter((person) => person !== null))];
  }

  #view(row: RequestRow, principal: Principal): Promise<Request> {
    return requestView(this.#options.db, row, { principal, world: this.#options });
  }

  /** The request as filed; undefined when the idempotency key was used before. */
  async #insert(principal: Principal, row: NewRequest): Promise<RequestRow | undefined> {
    const { db, bus, outbox, limits } = this.#options;
    const actor = { id: principal.id, name: principal.name };
    const { reason, summary, digest, input, gates } = row;
    const submitted: Told = { type: 'request.submitted', actor, data: { reason, summary, gates } };
    const told: Told[] = row.state === 'queued' ? [submitted, { type: 'request.queued', data: {} }] : [submitted];
    return db.transaction(async (tx) => {
      await limits.submission(tx, { action: row.action, principalId: principal.id });
      const undone = row.undoOf === null ? undefined : await claimUndo(tx, row.undoOf);
      const number = await insertRequest(tx, { row, told, auditData: [{ reason, summary, digest, input, gates }] });
      if (number === undefined) return undefined;
      await outbox.enqueue(tx, { request: { ...row, number }, told });
      if (row.state === 'awaiting_approval') await outbox.expireLater(tx, { number, at: row.expiresAt });
      if (undone !== undefined) await tellFiled(tx, { row: undone, undo: number, actor }, this.#options);
      tx.afterCommit(() => {
        if (row.state === 'queued') bus.publish('queue');
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
    const facts = { resource: { type, id, ...place }, risk, scope: principal.scope, behind: this.#behind(principal, call) };
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
