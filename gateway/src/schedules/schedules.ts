import {
  type Firing,
  formatRequestId,
  GuichetError,
  type Principal,
  type Schedule,
  type ScheduleEventType,
  type ScheduleShown,
} from '@guichet/contract';
import { appendAudit } from '../audit/index.ts';
import type { Company } from '../catalog/index.ts';
import { databaseTime, type Transaction } from '../db/index.ts';
import { denied, type Question } from '../policy/index.ts';
import type { Filing, Outbox, RequestsOptions, SubmitCall } from '../requests/index.ts';
import {
  changeSchedule,
  type FiringRow,
  findSchedule,
  firingsOf,
  insertSchedule,
  listSchedules,
  lockSchedule,
  type ScheduleRow,
  takeOver,
} from './store.ts';
import { Times } from './times.ts';

const SHOWN_FIRINGS = 20;
const SHOWN_TIMES = 5;

export interface CreateCall {
  readonly name: string;
  readonly cron: string;
  readonly timezone: string;
  readonly action: string;
  readonly environment: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly reason: string;
  readonly missed: ScheduleRow['missed'];
}

/** Of the token that a call is made with. */
export interface Bearing {
  readonly tokenMakerId: string;
  /** What the token was exchanged for a proof of. */
  readonly origin?: string | undefined;
}

type Change = 'pause' | 'resume' | 'delete';

/** Making schedules, looking at them and changing them. */
export class Schedules {
  readonly #filing: Filing;
  readonly #options: RequestsOptions;

  constructor(filing: Filing, options: RequestsOptions) {
    this.#filing = filing;
    this.#options = options;
  }

  /** The first decision is asked here, so that what could never be filed is refused now; each time has another. */
  async create(principal: Principal, call: CreateCall & Bearing): Promise<ScheduleShown> {
    if (call.origin !== undefined) throw tooShort(call.origin);
    const { db, catalog, directory, outbox } = this.#options;
    const { name, cron, timezone: timeZone, action, environment, reason, missed } = call;
    const times = new Times({ cron, timeZone });
    const nextAt = times.after(await databaseTime(db));
    if (nextAt === null)
      throw new GuichetError('input.invalid', `/cron '${cron}' never comes.`, {
        errors: [{ field: '/cron', message: 'never comes' }],
      });
    const { decision, input } = await this.#filing.plan(principal, { action, environment, input: call.input });
    const found = catalog.find(action);
    if (found === undefined) throw new GuichetError('action.unknown', `There is no action '${action}'.`);
    if (found.checkInput(call.input).secrets.length > 0)
      throw new GuichetError('input.invalid', '/input holds a secret, and a schedule keeps none.', {
        remedy: 'File it by hand, or have the provider know the secret.',
        errors: [{ field: '/input', message: 'holds a secret, and a schedule keeps none' }],
      });
    const place = { action: found.action, environment };
    this.#ask(principal, {
      operation: 'schedule.create',
      ...place,
      resource: { type: 'schedule', id: name, owner: found.action.team },
    });
    if (decision.effect === 'deny') throw denied(decision);
    const row = await db.transaction(async (tx) => {
      const made = await insertSchedule(tx, {
        name,
        ...ownedBy(principal, call, directory.company),
        team: found.action.team,
        cron,
        timeZone,
        action,
        environment,
        input,
        reason,
        missed,
        nextAt,
      });
      if (made !== undefined)
        await tellSchedule(
          tx,
          { row: made, outbox },
          {
            type: 'schedule.created',
            actor: principal,
            data: { cron, timezone: timeZone, input, reason, missed },
          },
        );
      return made;
    });
    if (row === undefined)
      throw new GuichetError('schedule.name_taken', `There is a schedule '${name}' already.`, {
        remedy: `Choose another name, or delete it: guichet schedules delete ${name}.`,
      });
    return this.#shown(principal, row);
  }

  async list(principal: Principal): Promise<Schedule[]> {
    return (await listSchedules(this.#options.db)).filter((row) => this.#may(principal, row, 'schedule.see')).map(viewOf);
  }

  async show(principal: Principal, name: string): Promise<ScheduleShown> {
    return this.#shown(principal, await this.#find(principal, name));
  }

  async change(
    principal: Principal,
    name: string,
    { change, comment = '', ...bearing }: { change: Change; comment?: string } & Bearing,
  ): Promise<ScheduleShown> {
    const { id } = await this.#find(principal, name);
    const answer = await this.#options.db.transaction(async (tx): Promise<ScheduleRow | GuichetError> => {
      const row = await lockSchedule(tx, id);
      if (row === undefined || row.state === 'deleted') return unknownSchedule(name);
      this.#ask(principal, { operation: 'schedule.change', ...aboutSchedule(row) });
      if (change !== 'delete' && row.state === (change === 'pause' ? 'paused' : 'active'))
        return new GuichetError('schedule.state_conflict', `The schedule '${name}' is ${row.state} already.`, {
          remedy: `guichet schedules show ${name} shows it.`,
        });
      const owner = change === 'resume' ? await this.#newOwner(tx, { principal, row, bearing }) : undefined;
      const next = { pause: 'paused', resume: 'active', delete: 'deleted' } as const;
      const changed = await changeSchedule(tx, id, {
        state: next[change],
        pausedReason: change === 'pause' ? comment || `${principal.name} has paused it.` : null,
        // What would have come while it was paused was not missed: somebody wanted it so.
        nextAt: change === 'resume' ? new Times(row).after(row.readAt) : null,
      });
      const type = ({ pause: 'schedule.paused', resume: 'schedule.resumed', delete: 'schedule.deleted' } as const)[change];
      await tellSchedule(
        tx,
        { row, outbox: this.#options.outbox },
        {
          type,
          actor: principal,
          data: { ...(comment !== '' && { comment }), ...(owner !== undefined && { owner: owner.ownerId, before: row.ownerId }) },
        },
      );
      return changed ?? unknownSchedule(name);
    });
    if (answer instanceof GuichetError) throw answer;
    return this.#shown(principal, answer);
  }

  /**
   * Whoever resumes what nobody owns any more owns it: it files as them from then on, and what it files is decided by what
   * they may do. Undefined when its owner is who they were.
   */
  async #newOwner(
    tx: Transaction,
    { principal, row, bearing }: { principal: Principal; row: ScheduleRow; bearing: Bearing },
  ): Promise<Owner | undefined> {
    const { directory, catalog } = this.#options;
    if (!row.ownerIsFormer && (await directory.members(tx, [row.ownerId])).has(row.ownerId)) return undefined;
    if (bearing.origin !== undefined) throw tooShort(bearing.origin);
    this.#ask(principal, {
      operation: 'schedule.create',
      action: catalog.find(row.action)?.action ?? aboutSchedule(row).action,
      environment: row.environment,
      resource: { type: 'schedule', id: row.name, owner: row.team },
    });
    const owner = ownedBy(principal, bearing, directory.company);
    await takeOver(tx, row.id, owner);
    return owner;
  }

  async #find(principal: Principal, name: string): Promise<ScheduleRow> {
    const row = await findSchedule(this.#options.db, name);
    if (row !== undefined && this.#may(principal, row, 'schedule.see')) return row;
    throw unknownSchedule(name);
  }

  #ask(principal: Principal, about: Omit<Question, 'principal'>): void {
    const decision = this.#options.policy.decide({ ...about, principal });
    if (decision.effect !== 'permit') throw denied(decision);
  }

  #may(principal: Principal, row: ScheduleRow, operation: 'schedule.see' | 'schedule.change'): boolean {
    return this.#options.policy.decide({ ...aboutSchedule(row), operation, principal }).effect === 'permit';
  }

  async #shown(principal: Principal, row: ScheduleRow): Promise<ScheduleShown> {
    const firings = await firingsOf(this.#options.db, row.id, SHOWN_FIRINGS);
    const changes: ScheduleShown['allowed'] =
      row.state === 'deleted' ? [] : [row.state === 'active' ? 'pause' : 'resume', 'delete'];
    return {
      ...viewOf(row),
      upcoming: row.state === 'active' ? new Times(row).upcoming(SHOWN_TIMES, row.readAt).map((time) => time.toISOString()) : [],
      firings: firings.map(firingView),
      allowed: this.#may(principal, row, 'schedule.change') ? changes : [],
    };
  }
}

type Owner = Pick<ScheduleRow, 'ownerId' | 'ownerName' | 'scope' | 'behind'>;

function ownedBy({ id, name, scope, person }: Principal, { tokenMakerId }: Bearing, company: Company): Owner {
  const behind = [...new Set([person, company.personOf(tokenMakerId)].filter((each) => each !== null))];
  return { ownerId: id, ownerName: name, scope, behind };
}

const aboutSchedule = (row: ScheduleRow): Omit<Question, 'principal' | 'operation'> => ({
  action: { id: row.action, kind: 'write', risk: 'safe' },
  environment: row.environment,
  resource: { type: 'schedule', id: row.name, owner: row.team },
  context: { tokenOwner: { principalId: row.ownerId } },
});

/** Records something of a schedule, and tells those who subscribed; `actor` null: the gateway itself. */
export async function tellSchedule(
  tx: Transaction,
  { row, outbox }: { row: ScheduleRow; outbox: Outbox },
  {
    type,
    actor,
    outcome = 'ok',
    data,
  }: {
    type: ScheduleEventType;
    actor: Pick<Principal, 'id' | 'name'> | null;
    outcome?: 'ok' | 'denied' | 'failed';
    data: Readonly<Record<string, unknown>>;
  },
): Promise<void> {
  const { id, name } = actor ?? { id: 'system', name: 'Guichet' };
  const { action, environment } = row;
  await appendAudit(tx, { type, actor: { id, name }, outcome, action, environment, resource: `schedule:${row.name}`, data });
  const concerns = [row.ownerId, `team:${row.team}`];
  const told = { type, data: { ...data, concerns }, ...(actor !== null && { actor: { id, name } }) };
  await outbox.enqueue(tx, { schedule: row, told: [told] });
}

function viewOf(row: ScheduleRow): Schedule {
  const { name, ownerId, ownerName, cron, timeZone, action, environment, input, reason, missed, state, pausedReason } = row;
  return {
    name,
    owner: { id: ownerId, name: ownerName },
    cron,
    timezone: timeZone,
    action,
    environment,
    input: { ...input },
    reason,
    missed,
    state,
    pausedReason,
    createdAt: row.createdAt.toISOString(),
    nextAt: row.nextAt?.toISOString() ?? null,
  };
}

function firingView({ at, outcome, count, since, request, message }: FiringRow): Firing {
  return {
    at: at.toISOString(),
    outcome,
    count,
    since: since?.toISOString() ?? null,
    request: request === null ? null : formatRequestId(request),
    message,
  };
}

/** What proves somebody for minutes must not file for years. */
const tooShort = (origin: string): GuichetError =>
  new GuichetError(
    'policy.denied',
    `A token that was exchanged for a proof (${origin}) makes no schedules: they would outlive it.`,
    { remedy: 'Sign in with a browser (guichet login), or use a token that somebody made for the machine.' },
  );

const unknownSchedule = (name: string): GuichetError =>
  new GuichetError('schedule.unknown', `There is no schedule '${name}' that you can see.`, {
    remedy: 'guichet schedules list shows them.',
  });

/** What a schedule files at one of its times. */
export const callOf = (row: ScheduleRow): SubmitCall => ({
  action: row.action,
  environment: row.environment,
  input: row.input,
  reason: `Schedule '${row.name}': ${row.reason}`,
  behind: row.behind,
});
