import { GuichetError, type Principal, parseRequestId } from '@guichet/contract';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type AuditFilter, type AuditPlace, archivedBefore, listAudit } from '../audit/index.ts';
import type { Catalog, Grants } from '../catalog/index.ts';
import type { Bus, Database } from '../db/index.ts';
import { type Machines, type StandingCallers, scopeWarnings } from '../identity/index.ts';
import type { Limits } from '../limits/index.ts';
import { denied, type Policy, seenBy } from '../policy/index.ts';
import type { PolicyTools } from '../policy-tools/index.ts';
import type { Reads } from '../reads/index.ts';
import type { Reconciler } from '../receipts/index.ts';
import type { Decisions, Extensions, Requests, Undos } from '../requests/index.ts';
import type { Schedules } from '../schedules/index.ts';
import type { Tunnels } from '../tunnels/index.ts';
import { type AuditServices, auditHandlers } from './audit-handlers.ts';
import { type AuthServices, authHandlers } from './auth-handlers.ts';
import type { Handlers } from './call.ts';
import { type ChangeServices, changeHandlers } from './change-handlers.ts';
import { type DirectoryServices, directoryHandlers } from './directory-handlers.ts';
import { asGuichetError } from './errors.ts';
import { etagOf, matches } from './etag.ts';
import { streamEvents } from './events.ts';
import { exchangeHandlers } from './exchange-handlers.ts';
import { policyHandlers } from './policy-handlers.ts';
import { type ProviderServices, providerHandlers } from './provider-handlers.ts';
import { scheduleHandlers } from './schedule-handlers.ts';
import { checkUpgrade, refusePlain, upgrade } from './upgrades.ts';
import { visibleEvents } from './visible-events.ts';

export interface Services extends AuditServices, AuthServices, ChangeServices, DirectoryServices, ProviderServices {
  readonly db: Database;
  readonly bus: Bus;
  readonly catalog: Catalog;
  readonly policy: Policy;
  readonly grants: Grants;
  readonly reads: Reads;
  readonly requests: Requests;
  readonly decisions: Decisions;
  readonly undos: Undos;
  readonly extensions: Extensions;
  readonly schedules: Schedules;
  readonly tunnels: Tunnels;
  readonly policyTools: PolicyTools;
  readonly reconciler: Reconciler;
  readonly machines: Machines;
  readonly limits: Limits;
  readonly watchers: StandingCallers;
  readonly version: string;
  /** Aborts when the gateway drains: open streams end, so that their readers resume elsewhere. */
  readonly draining: AbortSignal;
}

const DAY_MS = 86_400_000;

/** One handler for each route of the table: parse has happened, call the domain, reply. Nothing else. */
export function makeHandlers(services: Services): Handlers {
  const {
    db,
    bus,
    catalog,
    policy,
    tokens,
    grants,
    reads,
    requests,
    decisions,
    undos,
    extensions,
    reconciler,
    tunnels,
    throttles,
    watchers,
    version,
    draining,
  } = services;
  return {
    'me.show': async ({ caller: { principal, token, session, csrf } }) => ({
      principal,
      gateway: { version, environments: [...catalog.environments] },
      token,
      ...(session !== undefined && { session }),
      ...(csrf !== undefined && { csrf }),
    }),

    'tokens.list': async ({ caller, query }) =>
      page(
        await tokens.list(caller.principal, { after: tokenCursor(query.cursor), limit: query.limit + 1 }),
        query.limit,
        ({ id }) => id,
      ),
    'tokens.create': async ({ caller, body }) => {
      await throttles.newTokens.take(caller.principal.id);
      const { name, machine, expiresInDays, scope, all } = body;
      const principalId = machine === undefined ? caller.principal.id : `machine:${machine}`;
      const created = await tokens.create(caller, { name, principalId, expiresInDays, scope, all });
      throttles.familiar.add(created.secret);
      const offered = visibleActions({ catalog, policy }, caller.principal).map(({ id }) => id);
      const ends = Date.parse(created.expiresAt) - Date.parse(created.createdAt) < (expiresInDays - 1) * DAY_MS;
      const sooner = ends
        ? ['It ends with the token that it was made with. To make one that lasts longer, sign in: guichet login.']
        : [];
      return { ...created, warnings: [...sooner, ...scopeWarnings(scope, offered)] };
    },
    'tokens.revoke': async ({ caller, params }) => tokens.revoke(caller.principal, params.token),

    ...authHandlers(services),
    ...exchangeHandlers(services.machines, throttles.familiar),

    'actions.list': async ({ caller, query, request, reply }) => {
      const items = visibleActions({ catalog, policy }, caller.principal).filter(
        ({ provider, kind }) =>
          (query.provider === undefined || provider === query.provider) && (query.kind === undefined || kind === query.kind),
      );
      const etag = etagOf(items);
      void reply.header('etag', etag).header('cache-control', 'private, no-cache');
      if (matches(request.headers['if-none-match'], etag)) {
        void reply.code(304).send();
        return undefined;
      }
      return { items };
    },
    'actions.show': async ({ caller, params }) => {
      const { action } = catalog.get(params.action, seenBy(policy, caller.principal));
      const decision = policy.decide({ operation: 'action.see', principal: caller.principal, action });
      if (decision.effect !== 'permit') throw denied(decision);
      return action;
    },
    'actions.options': async ({ caller, params, body, reply }) => ({
      choices: await reads.options(caller.principal, { action: params.action, ...body, signal: untilClosed(reply) }),
    }),
    'actions.read': async ({ caller, params, body, reply }) => ({
      output: await reads.read(caller.principal, { action: params.action, ...body, signal: untilClosed(reply) }),
    }),
    'actions.plan': async ({ caller, params, body }) => requests.plan(caller.principal, { action: params.action, ...body }),

    'requests.submit': async ({ caller, body, request }) =>
      requests.submit(caller.principal, {
        ...body,
        idempotencyKey: idempotencyKey(request),
        tokenMakerId: caller.token.createdBy.id,
      }),
    'requests.list': async ({ caller, query }) => {
      const { limit, cursor, requester, state, resource, ...filter } = query;
      const items = await requests.list(caller.principal, {
        ...filter,
        states: state,
        requester: requester === 'me' ? caller.principal.id : requester,
        resource: resource === undefined ? undefined : resourceOf(resource),
        before: numberCursor(cursor),
        limit: limit + 1,
      });
      const toReview = await requests.countToReview(caller.principal);
      return { ...page(items, limit, (item) => numberOf(item.id)), toReview };
    },
    'requests.show': async ({ caller, params }) => requests.show(caller.principal, numberOf(params.request)),
    'requests.events': async ({ caller, params, query, request, reply }) => {
      if (draining.aborted)
        throw new GuichetError('gateway.draining', 'This gateway is stopping.', { remedy: 'Call again: another one answers.' });
      const number = numberOf(params.request);
      const row = await requests.find(caller.principal, number);
      const after = query.after ?? lastEventId(request);
      // Who they are and what they may see is looked at again too: a stream may outlive a team.
      const { principal } = caller;
      const close = services.limits.stream(principal.id);
      const standing = watchers.enter(caller);
      let known = caller;
      let sees = visibleEvents({ policy, row, principal });
      const look = async (seen: number) => {
        const now = await standing.now();
        if (now !== known) sees = visibleEvents({ policy, row, principal: now.principal });
        known = now;
        return requests.look(known.principal, number, seen);
      };
      const headers = reply.getHeaders();
      reply.hijack();
      const mayRead = (type: string): boolean => sees(type);
      const stream = { bus, number, after, sees: mayRead, look, response: reply.raw, headers, signal: draining };
      await streamEvents(stream)
        .catch((error: unknown) => request.log.warn({ reason: asGuichetError(error).code }, 'event stream cut'))
        .finally(standing.leave)
        .finally(close);
      return undefined;
    },
    ...changeHandlers(services),
    'requests.tunnel': async ({ caller, params, query, request, reply }) => {
      checkUpgrade(request);
      const admission = await tunnels.admit(caller, numberOf(params.request), { hold: query.hold ?? false });
      refusePlain(request);
      await tunnels.carry(admission, () => upgrade(request, reply));
      return undefined;
    },
    'requests.approve': async ({ caller, params, body }) => decisions.approve(caller.principal, numberOf(params.request), body),
    'requests.reject': async ({ caller, params, body }) => decisions.reject(caller.principal, numberOf(params.request), body),
    'requests.withdraw': async ({ caller, params, body }) => decisions.withdraw(caller.principal, numberOf(params.request), body),
    'requests.cancel': async ({ caller, params, body }) => decisions.cancel(caller.principal, numberOf(params.request), body),
    'requests.break_glass': async ({ caller, params, body }) =>
      decisions.breakGlass(caller.principal, numberOf(params.request), body),
    'requests.review': async ({ caller, params, body }) => decisions.review(caller.principal, numberOf(params.request), body),
    'requests.undo': async ({ caller, params, body, request }) =>
      undos.undo(caller.principal, numberOf(params.request), {
        ...body,
        idempotencyKey: idempotencyKey(request),
        tokenMakerId: caller.token.createdBy.id,
      }),
    'requests.extend': async ({ caller, params, body, request }) =>
      extensions.extend(caller.principal, numberOf(params.request), {
        ...body,
        idempotencyKey: idempotencyKey(request),
        tokenMakerId: caller.token.createdBy.id,
      }),

    'requests.resolve': async ({ caller, params, body }) => decisions.resolve(caller.principal, numberOf(params.request), body),

    'audit.reconcile': async ({ caller, body }) => reconciler.reconcile(caller.principal, body),

    'audit.list': async ({ caller, query }) => {
      const decision = policy.decide({ operation: 'audit.see', principal: caller.principal });
      if (decision.effect !== 'permit') throw denied(decision);
      const { limit, cursor, request, actor, ...rest } = query;
      const filter: AuditFilter = {
        ...rest,
        request: request === undefined ? undefined : numberOf(request),
        actorId: actor,
        after: auditCursor(cursor),
        limit: limit + 1,
      };
      const found = page(await listAudit(db, filter), limit, ({ at, id }) => `${at}_${id}`);
      const archived = found.next === null ? await archivedBefore(db, filter.since) : undefined;
      return archived === undefined ? found : { ...found, archivedBefore: archived };
    },
    ...auditHandlers(services),
    ...providerHandlers(services),
    ...scheduleHandlers(services.schedules),
    ...policyHandlers(services.policyTools),
    ...directoryHandlers(services),
    'keys.list': async () => ({ keys: grants.publicKeys.map((key) => ({ ...key })) }),
  };
}

function visibleActions({ catalog, policy }: Pick<Services, 'catalog' | 'policy'>, principal: Principal) {
  return catalog.list().filter(seenBy(policy, principal));
}

/** A page of `limit` items out of `limit + 1`: the one too many says that there is a next page. */
function page<Item>(
  items: readonly Item[],
  limit: number,
  cursorOf: (item: Item) => string,
): { items: Item[]; next: string | null } {
  const shown = items.slice(0, limit);
  const last = shown.at(-1);
  return { items: shown, next: items.length > limit && last !== undefined ? cursorOf(last) : null };
}

/** `TYPE:ID`: the id may have colons of its own. */
function resourceOf(text: string): { type: string; id: string } {
  const colon = text.indexOf(':');
  return { type: text.slice(0, colon), id: text.slice(colon + 1) };
}

function numberCursor(cursor: string | undefined): string | undefined {
  if (cursor === undefined || /^[0-9]{1,18}$/.test(cursor)) return cursor;
  throw badCursor();
}

function auditCursor(cursor: string | undefined): AuditPlace | undefined {
  if (cursor === undefined) return undefined;
  const [, at, id] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)_(\d{1,18})$/.exec(cursor) ?? [];
  if (at === undefined || id === undefined || Number.isNaN(Date.parse(at))) throw badCursor();
  return { at, id };
}

function tokenCursor(cursor: string | undefined): string | undefined {
  if (cursor === undefined || /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(cursor)) return cursor;
  throw badCursor();
}

const badCursor = (): GuichetError =>
  new GuichetError('cursor.invalid', 'This is not a cursor of this list.', {
    remedy: 'Pass `next` of the page before, as it came.',
    errors: [
      { field: '/cursor', message: 'is not a cursor of this list', remedy: 'Pass `next` of the page before, as it came.' },
    ],
  });

function numberOf(id: string): string {
  const number = parseRequestId(id);
  if (number === undefined) throw new GuichetError('internal', `${id} passed as a request id.`);
  return number;
}

function idempotencyKey(request: FastifyRequest): string | undefined {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key === 'string' && /^[\x21-\x7e]{1,200}$/.test(key)) return key;
  throw badHeader('Idempotency-Key', 'must be 1 to 200 visible ASCII characters', 'A random UUID does well.');
}

function lastEventId(request: FastifyRequest): number {
  const header = request.headers['last-event-id'];
  if (header === undefined || header === '') return 0;
  if (typeof header === 'string' && /^[0-9]{1,9}$/.test(header)) return Number(header);
  throw badHeader('Last-Event-ID', 'must be the number of an event', 'Send the id of the last event that you have seen.');
}

function badHeader(name: string, message: string, remedy: string): GuichetError {
  return new GuichetError('input.invalid', `The header ${name} ${message}.`, {
    remedy,
    errors: [{ field: `/${name}`, message, remedy }],
  });
}

/** Aborts when the caller hangs up before the answer. */
function untilClosed(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished)
      controller.abort(new GuichetError('call.abandoned', 'The caller hung up before the answer.'));
  });
  return controller.signal;
}
