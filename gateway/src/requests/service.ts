import {
  approverGroupsOf,
  canonicalRequestId,
  GuichetError,
  type Planned,
  type Principal,
  type Request,
  type RequestSummary,
} from '@guichet/contract';
import { suggestion } from '../findings/index.ts';
import { type Look, RequestFeed } from './feed.ts';
import { Filing } from './filing.ts';
import { type Approver, approversOfWaiting, listRequests, type RequestFilter } from './list.ts';
import type { RequestRow } from './row.ts';
import { aboutRequest } from './standing.ts';
import { findRequest } from './store.ts';
import type { RequestsOptions, SubmitCall, WriteCall } from './submission.ts';
import { requestView, summaryViews } from './view.ts';

/** More broken glasses wait for nobody. */
const MOST_COUNTED = 500;

/** What is asked of the list; who can approve and review is found out here. */
export interface ListCall
  extends Omit<RequestFilter, 'approver' | 'reviewer' | 'scope' | 'concerning' | 'requesterId' | 'requesterIds'> {
  /** Id of who filed it; `team:NAME` for all members and machines of a team. */
  readonly requester?: string | undefined;
  readonly toApprove?: boolean | undefined;
  readonly toReview?: boolean | undefined;
}

/** Planning, filing and looking at requests. */
export class Requests {
  readonly #options: RequestsOptions;
  readonly #filing: Filing;
  readonly #feed: RequestFeed;
  readonly #looks = new WeakMap<RequestRow, Map<Principal, boolean>>();

  constructor(options: RequestsOptions, filing = new Filing(options)) {
    this.#options = options;
    this.#filing = filing;
    this.#feed = new RequestFeed(options.db);
  }

  /** What a write would do and who would have to approve it. Changes nothing. */
  plan(principal: Principal, call: WriteCall): Promise<Planned> {
    return this.#filing.plan(principal, call);
  }

  /** Files a request. With an idempotency key, the same call gives the same request, however often it is sent. */
  submit(principal: Principal, call: SubmitCall): Promise<Request> {
    return this.#filing.submit(principal, call);
  }

  /** What the same call has filed before, under the same idempotency key. */
  repeated(principal: Principal, call: SubmitCall): Promise<Request | undefined> {
    return this.#filing.repeated(principal, call);
  }

  async show(principal: Principal, number: string): Promise<Request> {
    return this.#view(await this.find(principal, number), principal);
  }

  /** The row of a request that the principal may see, else `request.unknown`. */
  async find(principal: Principal, number: string): Promise<RequestRow> {
    const row = await findRequest(this.#options.db, number);
    if (row !== undefined && this.#maySee(principal, row)) return row;
    throw unknownRequest(number);
  }

  /** The same with its events after a number, for many watchers at once: see RequestFeed. */
  async look(principal: Principal, number: string, after: number): Promise<Look & { readonly row: RequestRow }> {
    const { row, ...look } = await this.#feed.look(number, after);
    if (row !== undefined && this.#seenBy(principal, row)) return { row, ...look };
    throw unknownRequest(number);
  }

  /** Newest first; of requests that the principal may see: policy is asked about each. */
  async list(
    principal: Principal,
    { toApprove = false, toReview = false, requester, ...filter }: ListCall,
  ): Promise<RequestSummary[]> {
    this.#refuseUnknownTeam(filter.team);
    const filedBy = await this.#filedBy(requester);
    // A machine approves and reviews nothing.
    if ((toApprove || toReview) && principal.person === null) return [];
    const rows = await this.#visible(principal, {
      ...filter,
      ...filedBy,
      ...(toApprove && { approver: await this.#approver(principal, { forApproval: true }) }),
      ...(toReview && { reviewer: await this.#approver(principal) }),
    });
    return summaryViews(this.#options.db, rows, this.#options);
  }

  async #filedBy(requester: string | undefined): Promise<Pick<RequestFilter, 'requesterId' | 'requesterIds'>> {
    if (requester === undefined) return {};
    if (!requester.startsWith('team:')) return { requesterId: requester };
    const { db, directory } = this.#options;
    const team = requester.slice('team:'.length);
    this.#refuseUnknownTeam(team);
    const members = await directory.approvers(db, [`team:${team}`]);
    const all = [...members, ...directory.company.machinesOf([team])].map(({ id }) => id);
    return { requesterIds: [...new Set(all)].sort() };
  }

  #refuseUnknownTeam(team: string | undefined): void {
    const { teams } = this.#options.directory.company;
    if (team === undefined || teams.has(team)) return;
    const remedy = suggestion(team, [...teams]) ?? 'guichet teams list shows them.';
    throw new GuichetError('team.unknown', `There is no team '${team}'.`, { remedy });
  }

  /** How many broken glasses wait for a review that the principal can close; MOST_COUNTED stands for more. */
  async countToReview(principal: Principal): Promise<number> {
    if (principal.person === null) return 0;
    return (await this.#visible(principal, { reviewer: await this.#approver(principal), limit: MOST_COUNTED })).length;
  }

  /** A page of those that fit and that the principal may see, however many between them they may not. */
  async #visible(principal: Principal, filter: Omit<RequestFilter, 'scope' | 'concerning'>): Promise<RequestRow[]> {
    const { db, policy } = this.#options;
    // Who may not see requests as such sees what concerns them at most; the database need not read all of the others.
    const concerning =
      policy.decide({ operation: 'request.see', principal }).effect === 'permit'
        ? undefined
        : { requesterId: principal.id, teams: principal.teams, groups: approverGroupsOf(principal) };
    const visible: RequestRow[] = [];
    for (let before = filter.before; ; ) {
      const rows = await listRequests(db, { ...filter, before, scope: principal.scope, concerning });
      for (const row of rows) if (visible.length < filter.limit && this.#maySee(principal, row)) visible.push(row);
      if (visible.length === filter.limit || rows.length < filter.limit) return visible;
      before = rows.at(-1)?.number;
    }
  }

  /** Whether the principal may see a request. */
  sees(principal: Principal, row: RequestRow): boolean {
    return this.#seenBy(principal, row);
  }

  /** Asked once for each who looks: a row that many look at, at one moment, is one object. */
  #seenBy(principal: Principal, row: RequestRow): boolean {
    const known = this.#looks.get(row) ?? new Map<Principal, boolean>();
    this.#looks.set(row, known);
    const answer = known.get(principal) ?? this.#maySee(principal, row);
    known.set(principal, answer);
    return answer;
  }

  #maySee(principal: Principal, row: RequestRow): boolean {
    return this.#options.policy.decide({ ...aboutRequest(row), operation: 'request.see', principal }).effect === 'permit';
  }

  async #approver(principal: Principal, { forApproval = false } = {}): Promise<Approver> {
    const { db, directory } = this.#options;
    const others = forApproval ? (await directory.members(db, await approversOfWaiting(db))).values() : [];
    return {
      accounts: directory.accountsOf(principal.person ?? principal.id),
      groups: approverGroupsOf(principal),
      others: [...others].map((member) => ({
        id: member.id,
        person: member.person ?? member.id,
        groups: approverGroupsOf(member),
      })),
    };
  }

  #view(row: RequestRow, principal: Principal): Promise<Request> {
    return requestView(this.#options.db, row, { principal, world: this.#options });
  }
}

export function unknownRequest(id: string): GuichetError {
  return new GuichetError('request.unknown', `There is no request ${canonicalRequestId(id) ?? id} that you can see.`, {
    remedy: 'guichet requests list shows them.',
  });
}
