import { GuichetError, type Principal, type Request } from '@guichet/contract';
import { appendAudit } from '../audit/index.ts';
import { deniedAndRecorded } from '../policy/index.ts';
import type { RequestRow } from './row.ts';
import type { Requests } from './service.ts';
import { aboutRequest } from './standing.ts';
import type { RequestsOptions, SubmitCall } from './submission.ts';
import { liveUndo, undoRefusal } from './undo.ts';

export type UndoCall = Pick<SubmitCall, 'reason' | 'fingerprint' | 'idempotencyKey' | 'tokenMakerId'>;

/** Filing what undoes a request. */
export class Undos {
  readonly #requests: Requests;
  readonly #options: RequestsOptions;

  constructor(requests: Requests, options: RequestsOptions) {
    this.#requests = requests;
    this.#options = options;
  }

  /** Files the request that undoes another one: planned, decided and approved like any. Refused when there is one already. */
  async undo(principal: Principal, number: string, call: UndoCall): Promise<Request> {
    const row = await this.#requests.find(principal, number);
    const decision = this.#options.policy.decide({ ...aboutRequest(row), operation: 'request.undo', principal });
    if (decision.effect !== 'permit') {
      await this.#recordDenied(principal, row, { command: 'undo', decision });
      throw deniedAndRecorded(decision);
    }
    const { undo, environment } = row;
    const submission: SubmitCall | undefined =
      undo?.input == null
        ? undefined
        : { ...call, action: undo.action, environment, input: undo.input, undoOf: number, ...withApprovals(row, principal) };
    // A repeat of the call that has filed it gives what it gave then.
    const before = submission && (await this.#requests.repeated(principal, submission));
    if (before !== undefined) return before;
    const refusal = undoRefusal(row, await liveUndo(this.#options.db, number));
    if (refusal !== undefined) {
      // The same call, sent again while the first is being served: what undoes it by now is its own.
      const own = submission && (await this.#requests.repeated(principal, submission));
      if (own !== undefined) return own;
      throw refusal;
    }
    if (submission === undefined) throw new GuichetError('internal', `REQ-${number} has nothing that undoes it.`);
    return this.#requests.submit(principal, submission);
  }

  #recordDenied(principal: Principal, row: RequestRow, data: Readonly<Record<string, unknown>>): Promise<void> {
    return appendAudit(this.#options.db, {
      type: 'approval.denied',
      actor: { id: principal.id, name: principal.name },
      outcome: 'denied',
      action: row.action,
      environment: row.environment,
      resource: `${row.resourceType}:${row.resourceId}`,
      request: row.number,
      data,
    });
  }
}

/** Whoever asked for something for a while may end it early: its end was approved with it. Not who has their name by now. */
const withApprovals = (row: RequestRow, { id }: Principal): Pick<SubmitCall, 'approvedWith'> =>
  row.requesterId === id && !row.requesterIsFormer && (row.undoState === 'scheduled' || row.undoState === 'held')
    ? { approvedWith: row }
    : {};
