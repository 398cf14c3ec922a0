import type { Principal, Request } from '@guichet/contract';
import { appendAudit } from '../audit/index.ts';
import { deniedAndRecorded, seenBy } from '../policy/index.ts';
import { extensionPlan, extensionRefusal } from './extension.ts';
import type { Filing } from './filing.ts';
import { keptOf } from './holder.ts';
import type { Requests } from './service.ts';
import { aboutRequest } from './standing.ts';
import type { RequestsOptions, SubmitCall } from './submission.ts';
import { checkExtension } from './terms.ts';
import { liveUndo } from './undo.ts';

export interface ExtendCall extends Pick<SubmitCall, 'reason' | 'idempotencyKey' | 'tokenMakerId'> {
  /** How much longer. */
  readonly seconds: number;
}

/** Putting off the end of what was asked for a while: a request of its own, which takes the approvals that the other one would take. */
export class Extensions {
  readonly #requests: Requests;
  readonly #filing: Filing;
  readonly #options: RequestsOptions;

  constructor({ requests, filing }: { requests: Requests; filing: Filing }, options: RequestsOptions) {
    this.#requests = requests;
    this.#filing = filing;
    this.#options = options;
  }

  async extend(principal: Principal, number: string, { seconds, ...call }: ExtendCall): Promise<Request> {
    const { db, policy, catalog, directory } = this.#options;
    const row = await this.#requests.find(principal, number);
    const decision = policy.decide({ ...aboutRequest(row), operation: 'request.extend', principal });
    if (decision.effect !== 'permit') {
      await appendAudit(db, {
        type: 'approval.denied',
        actor: { id: principal.id, name: principal.name },
        outcome: 'denied',
        action: row.action,
        environment: row.environment,
        resource: `${row.resourceType}:${row.resourceId}`,
        request: row.number,
        data: { command: 'extend', decision },
      });
      throw deniedAndRecorded(decision);
    }
    const { action, environment, input } = row;
    const keeps = await keptOf(db, row, directory);
    const submission: SubmitCall = { ...call, action, environment, input, lastsSeconds: seconds, extensionOf: number, keeps };
    const before = await this.#filing.repeated(principal, submission);
    if (before !== undefined) return before;
    const refusal = extensionRefusal(row, await liveUndo(db, number));
    if (refusal !== undefined) throw refusal;
    const found = catalog.getIn(action, environment, seenBy(policy, principal));
    const leftSeconds = Math.max(0, ((row.undoAt?.getTime() ?? 0) - row.readAt.getTime()) / 1000);
    checkExtension(found, { seconds, leftSeconds });
    const { owner, service } = { owner: row.ownerTeam, service: row.plan.resource.service };
    const place = { owner, ...(service !== undefined && { service }) };
    return this.#filing.file(principal, submission, {
      found,
      input: { ...input },
      secrets: [],
      plan: extensionPlan(row, seconds),
      place,
    });
  }
}
