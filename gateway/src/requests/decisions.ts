import {
  type Actor,
  type Approval,
  type AuditEventType,
  approverGroupsOf,
  approversInWords,
  type Decision,
  type Gate,
  GuichetError,
  type Principal,
  type Request,
} from '@guichet/contract';
import { appendAudit } from '../audit/index.ts';
import type { Transaction } from '../db/index.ts';
import { denied } from '../policy/index.ts';
import {
  type Command,
  type CommandOf,
  denialError,
  digestMismatch,
  type Emergency,
  glassRefusal,
  type Outcome,
  type ResolutionAnswer,
  type ReviewAnswer,
  stateConflict,
  type Verdict,
  voided,
} from './commands.ts';
import type { LifeEvent, Transition } from './life.ts';
import { observeRun } from './observe.ts';
import { resolveRun } from './resolve.ts';
import { closeReview, reminderDue, remindReview } from './review.ts';
import type { RequestRow } from './row.ts';
import { unknownRequest } from './service.ts';
import { aboutRequest, approvedBy, type Members, personsBehind, standingOf } from './standing.ts';
import { transition } from './state.ts';
import { findRequest, insertApproval, lockRequest, requestName } from './store.ts';
import type { RequestsOptions } from './submission.ts';
import { requestView } from './view.ts';
import { writeTransition } from './write.ts';

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
    return this.#decideOn(principal, number, { type: 'approve', ...verdict });
  }

  reject(principal: Principal, number: string, verdict: Verdict): Promise<Request> {
    return this.#decideOn(principal, number, { type: 'reject', ...verdict });
  }

  withdraw(principal: Principal, number: string, verdict: Verdict): Promise<Request> {
    return this.#decideOn(principal, number, { type: 'withdraw', ...verdict });
  }

  cancel(principal: Principal, number: string, verdict: Verdict): Promise<Request> {
    return this.#decideOn(principal, number, { type: 'cancel', ...verdict });
  }

  /** In an emergency: its gates no longer hold it up, its approvers are told, and one of them reviews it afterwards. */
  breakGlass(principal: Principal, number: string, emergency: Emergency): Promise<Request> {
    return this.#decideOn(principal, number, { type: 'break_glass', ...emergency });
  }

  /** Closes the review that a broken glass left open, whatever has become of the request. */
  review(principal: Principal, number: string, answer: ReviewAnswer): Promise<Request> {
    return this.#decideOn(principal, number, { type: 'review', ...answer });
  }

  /**
   * Settles a run whose outcome is unknown by what a person found. The provider is asked first, once more: its word goes
   * before anybody's.
   */
  async resolve(principal: Principal, number: string, answer: ResolutionAnswer): Promise<Request> {
    const { db, policy } = this.#options;
    const row = await findRequest(db, number);
    const may =
      row?.state === 'unknown' &&
      policy.decide({ ...aboutRequest(row), operation: 'request.resolve', principal }).effect === 'permit';
    const asked = may ? { runId: row.runId, observed: await observeRun(row, this.#options) } : undefined;
    return this.#decideOn(principal, number, { type: 'resolve', ...answer, asked });
  }

  /** Ends a request whose time is over. Does nothing when it is not, or no more: timers may ring late or twice. */
  async expire(number: string): Promise<void> {
    await this.#options.db.transaction(async (tx) => {
      const row = await lockRequest(tx, number);
      if (row !== undefined) await this.#apply(tx, row, { type: 'expire' });
    });
  }

  /** Tells again of a review that is still open, and sets the timer for the next day. Timers may ring late or twice. */
  async remind(number: string): Promise<void> {
    await this.#options.db.transaction(async (tx) => {
      const row = await lockRequest(tx, number);
      if (row === undefined || reminderDue(row) === null) return;
      await this.#write(tx, row, remindReview(row, { approvers: await this.#approvers(tx, row) }, row.readAt));
    });
  }

  async #decideOn(principal: Principal, number: string, command: Command): Promise<Request> {
    // What refuses is given back, not thrown: what was written on the way to the refusal is to stay.
    const answer = await this.#options.db.transaction(async (tx): Promise<Request | GuichetError> => {
      const row = await lockRequest(tx, number);
      if (
        row === undefined ||
        this.#options.policy.decide({ ...aboutRequest(row), operation: 'request.see', principal }).effect !== 'permit'
      )
        return unknownRequest(number);
      // The clock is looked at here too: a timer that is late must not let an approval in.
      if (await this.#apply(tx, row, { type: 'expire' })) return stateConflict({ ...row, state: 'expired' }, command.type);
      // Read once, behind the lock: whoever decides, and all whose teams the decision rests on.
      const ids = [principal.id, row.requesterId, ...row.approvals.map(({ by }) => by.id)];
      const members = await this.#options.directory.members(tx, ids);
      const outcome = await this.#judge(tx, { row, principal, command, members });
      if (outcome.next !== undefined && !(await this.#write(tx, row, outcome.next))) return stateConflict(row, command.type);
      if ('refusal' in outcome) return outcome.refusal;
      // Read before the commit: once it is decided nothing may fail any more.
      const after = await findRequest(tx, number);
      return after === undefined ? unknownRequest(number) : requestView(tx, after, { principal, world: this.#options, members });
    });
    if (answer instanceof GuichetError) throw answer;
    return answer;
  }

  async #judge(
    tx: Transaction,
    about: { row: RequestRow; principal: Principal; command: Command; members: Members },
  ): Promise<Outcome> {
    const { row, principal, command, members } = about;
    const by = { id: principal.id, name: principal.name };
    const decision = this.#options.policy.decide({ ...aboutRequest(row), operation: `request.${command.type}`, principal });
    if (decision.effect !== 'permit') return { refusal: await this.#recordDenial(tx, about, decision) };
    switch (command.type) {
      case 'approve':
        return this.#approve(tx, { row, principal, command, members });
      case 'break_glass':
        return this.#breakGlass(tx, { row, principal, command, members });
      case 'review':
        return { next: closeReview(row, { by, ...command }, row.readAt) };
      case 'resolve':
        return resolveRun(row, { by, command, startWindowMs: this.#options.windows.startMs });
      case 'reject':
        return this.#next(row, { type: 'reject', by, comment: command.comment });
      case 'withdraw':
        return this.#next(row, { type: 'withdraw', by, comment: command.comment });
      case 'cancel':
        return this.#next(row, { type: 'request_cancel', by, comment: command.comment });
    }
  }

  async #approve(
    tx: Transaction,
    {
      row,
      principal,
      command,
      members,
    }: { row: RequestRow; principal: Principal; command: CommandOf<'approve'>; members: Members },
  ): Promise<Outcome> {
    if (row.state !== 'awaiting_approval') return { refusal: stateConflict(row, 'approve') };
    if (command.digest !== undefined && command.digest !== row.digest) return { refusal: digestMismatch(row) };
    const approval: Approval = {
      by: { id: principal.id, name: principal.name },
      person: personOf(principal),
      groups: approverGroupsOf(principal),
      comment: command.comment,
      at: row.readAt.toISOString(),
      reusedFrom: null,
    };
    if (row.approvals.some(({ by, former }) => former === true && by.id === principal.id))
      return {
        refusal: new GuichetError(
          'approval.duplicate',
          `${requestName(row)} was approved by somebody else who had your name before: that counts no more, and yours would look the same.`,
          { remedy: 'It waits for somebody else of its approvers, or has to be filed again.' },
        ),
      };
    if (approvedBy(row, approval.person, this.#options.directory.company))
      return {
        refusal: new GuichetError('approval.duplicate', `You have approved ${requestName(row)} already.`, {
          remedy: 'It waits for somebody else.',
        }),
      };
    const before = await standingOf(tx, row, { world: this.#options, members });
    if (!before.holds) return this.#fallen(row, before.failure);
    const open = before.decision.effect === 'needs' ? before.decision.gates : [];
    if (open.length > 0 && !open.some(({ approvers }) => approval.groups.includes(approvers)))
      return {
        refusal: new GuichetError(
          'approval.not_approver',
          `${requestName(row)} still waits for ${open.map(({ approvers }) => approversInWords(approvers)).join(', ')}; your approval would add nothing.`,
        ),
      };
    const after = await standingOf(tx, row, { world: this.#options, members, extra: [approval] });
    if (!after.holds) return this.#fallen(row, after.failure);
    // The table has the last word on who has approved it.
    if (!(await insertApproval(tx, row.number, approval)))
      throw new GuichetError('internal', `${requestName(row)} has an approval of ${approval.person} that was not read.`);
    const lifted = after.decision.effect === 'permit';
    const startWindowMs = this.#options.windows.startMs;
    // Gates that policy has set since it was filed are its gates from now on: their approvers are told of it and can approve.
    const gates = after.decision.effect === 'needs' ? withNew(row.gates, after.decision.gates) : row.gates;
    return this.#next(row, { type: 'approve', approval, digest: row.digest, gates, lifted, startWindowMs });
  }

  async #breakGlass(
    tx: Transaction,
    {
      row,
      principal,
      command,
      members,
    }: { row: RequestRow; principal: Principal; command: CommandOf<'break_glass'>; members: Members },
  ): Promise<Outcome> {
    const early = glassRefusal(row);
    if (early !== undefined) return { refusal: early };
    const { incident, reason, digest } = command;
    if (digest !== undefined && digest !== row.digest) return { refusal: digestMismatch(row) };
    const before = await standingOf(tx, row, { world: this.#options, members });
    if (!before.holds) return this.#fallen(row, before.failure);
    const broken = await standingOf(tx, row, { world: this.#options, members, brokenGlass: true });
    if (!broken.holds) return this.#fallen(row, broken.failure);
    // A policy may set gates that hold also in an emergency.
    if (broken.decision.effect !== 'permit') return { refusal: denied(broken.decision) };
    const person = personOf(principal);
    const approvers = await this.#approvers(tx, row, person);
    return this.#next(row, {
      type: 'break_glass',
      by: { id: principal.id, name: principal.name },
      person,
      incident,
      reason,
      passed: before.decision.effect === 'needs' ? before.decision.gates : [],
      approvers,
      startWindowMs: this.#options.windows.startMs,
    });
  }

  /** Who could have approved it and can review it: people of the groups of all gates, without those behind it. */
  async #approvers(tx: Transaction, row: RequestRow, breaker?: string): Promise<Actor[]> {
    const { directory } = this.#options;
    const own = [...personsBehind(row), ...(breaker === undefined ? [] : [breaker])].flatMap((person) => [
      person,
      directory.company.personOf(person),
    ]);
    const members = await directory.approvers(
      tx,
      row.gates.map(({ approvers }) => approvers),
    );
    return members.filter(({ person }) => !own.includes(person)).map(({ id, name }) => ({ id, name }));
  }

  #next(row: RequestRow, event: LifeEvent): Outcome {
    return { next: transition(row, event, row.readAt) };
  }

  #fallen(row: RequestRow, failure: Extract<LifeEvent, { type: 'void' }>['failure']): Outcome {
    return { ...this.#next(row, { type: 'void', failure }), refusal: voided(row, failure.message) };
  }

  async #recordDenial(
    tx: Transaction,
    { row, principal, command }: { row: RequestRow; principal: Principal; command: Command },
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
      data: { command: command.type, decision },
    });
    return denialError(decision, command.type);
  }

  /** False when the state does not take the event. */
  #apply(tx: Transaction, row: RequestRow, event: LifeEvent): Promise<boolean> {
    return this.#write(tx, row, transition(row, event, row.readAt));
  }

  #write(tx: Transaction, row: RequestRow, next: Transition): Promise<boolean> {
    return writeTransition(tx, { row, next }, this.#options);
  }
}

/** The gates of a request, and those of now that none of them stands for. */
const withNew = (gates: readonly Gate[], now: readonly Gate[]): Gate[] => [
  ...gates,
  ...now.filter(({ approvers, count }) => !gates.some((gate) => gate.approvers === approvers && gate.count >= count)),
];

const personOf = ({ person, id }: Principal): string => person ?? id;
