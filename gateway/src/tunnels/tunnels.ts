import { randomUUID } from 'node:crypto';
import { type Decision, GuichetError, type Principal, TUNNEL_CLOSE } from '@guichet/contract';
import type { SocketStream } from '@guichet/tunnel';
import { appendAudit } from '../audit/index.ts';
import type { CatalogAction } from '../catalog/index.ts';
import { type Caller, departed } from '../identity/index.ts';
import { limited } from '../limits/index.ts';
import { denied, deniedAndRecorded, seenBy } from '../policy/index.ts';
import {
  aboutRequest,
  connectRefusal,
  formerText,
  liveUndo,
  type RequestRow,
  type Requests,
  type RequestsOptions,
  recordedApprovals,
  requestName,
} from '../requests/index.ts';
import { deleteTunnel, insertTunnel, renewTunnels, type StandingRow, standingOfAll } from './store.ts';
import { Tunnel } from './tunnel.ts';
import { aboutTunnel, leave } from './unused.ts';

/** How often it is looked whether what tunnels belong to is over; news comes sooner, by the bus. */
const LOOK_MS = 1_000;
/** How often the tunnels that are open here are said to be. */
const RENEW_MS = 10_000;
/** How often it is looked whether whoever has them was signed out. */
const DISMISS_MS = 4_000;
/** Tunnels of one principal at a time, at each gateway: each holds memory. */
const MOST_TUNNELS = 512;
const TRY_LATER_MS = 5_000;

export interface TunnelsOptions extends RequestsOptions {
  readonly requests: Requests;
  /** The name of this gateway. */
  readonly gateway: string;
  readonly onError: (error: unknown) => void;
}

/** A call that may open a tunnel: everything was asked but the provider. */
export interface Admission {
  readonly row: RequestRow;
  readonly found: CatalogAction;
  readonly caller: Caller;
  readonly hold: boolean;
}

/**
 * Connections to what requests have opened. Each is decided when it is opened, written down before a byte flows, and closed
 * when its request is being undone. How many holds a request has decides how long it lasts: see TunnelClock.
 */
export class Tunnels {
  readonly #options: TunnelsOptions;
  readonly #open = new Map<string, Tunnel>();
  /** How many each principal has, those that are being opened included. */
  readonly #counts = new Map<string, number>();
  readonly #carried = new Set<Promise<void>>();
  readonly #until = new Map<string, number | null>();
  #look: NodeJS.Timeout | undefined;
  #looking = false;
  #renewedAt = 0;
  #dismissedAt = 0;
  #closing = false;
  /** Bytes of tunnels that are over. */
  readonly #past = { received: 0, sent: 0 };

  constructor(options: TunnelsOptions) {
    this.#options = options;
  }

  /** Throws when the caller may not connect to the request, or there is nothing to connect to by now. */
  async admit(caller: Caller, number: string, { hold }: { hold: boolean }): Promise<Admission> {
    const { requests, policy, db, catalog } = this.#options;
    const { principal } = caller;
    const row = await requests.find(principal, number);
    await this.#permit(row, principal, policy.decide({ ...aboutRequest(row), operation: 'request.connect', principal }));
    if (row.requesterIsFormer) await this.#permit(row, principal, deny('own-connections', formerText(row)));
    const refusal = connectRefusal(row, await liveUndo(db, number));
    if (refusal !== undefined) throw refusal;
    const found = catalog.getIn(row.action, row.environment, seenBy(policy, principal));
    if (found.action.tunnel !== true || row.runId === null)
      throw new GuichetError(
        'request.not_connectable',
        `${requestName(row)} gives nothing to connect to: ${row.action} carries no connections.`,
      );
    await this.#permit(row, principal, this.#standing(row, principal, found));
    return { row, found, caller, hold };
  }

  /**
   * Carries one tunnel to its end, unless its caller has too many. `accept` makes the call a WebSocket; undefined when it could not. Rejects with what
   * stood against it, as long as it was not accepted; from then on the client is told, and it resolves.
   */
  async carry({ row, found, caller, hold }: Admission, accept: () => Promise<SocketStream | undefined>): Promise<void> {
    if (this.#closing)
      throw new GuichetError('gateway.draining', 'This gateway is stopping.', { remedy: 'Call again: another one answers.' });
    const { db, gateway } = this.#options;
    const tunnel = new Tunnel({ id: randomUUID(), row, caller, hold, db });
    const { id, name } = caller.principal;
    // Counted from here on: of many that are asked for at once, each sees those before it.
    const count = (this.#counts.get(id) ?? 0) + 1;
    if (count > MOST_TUNNELS) throw limited(`You have ${MOST_TUNNELS} connections open.`, TRY_LATER_MS);
    this.#counts.set(id, count);
    try {
      await db.transaction(async (tx) => {
        await insertTunnel(tx, { id: tunnel.id, request: row.number, gateway, hold });
        const data = { tunnel: tunnel.id, hold, gateway };
        await appendAudit(tx, { ...aboutTunnel(row), actor: { id, name }, type: 'tunnel.opened', outcome: 'ok', data });
      });
    } catch (error) {
      this.#countOff(id);
      throw error;
    }
    this.#open.set(tunnel.id, tunnel);
    if (!this.#until.has(row.number)) this.#until.set(row.number, row.undoAt?.getTime() ?? null);
    const unsubscribe = this.#options.bus.subscribe(`request:${row.number}`, () => void this.#lookAfter());
    this.#watch();
    let accepted = false;
    const carried = this.#carry(tunnel, found, async () => {
      const client = await accept();
      if (client === undefined) throw new GuichetError('http.malformed', 'The call for a WebSocket was not a valid one.');
      accepted = true;
      tunnel.attach(client);
      if (hold) this.#tellUntil(tunnel);
      return client;
    }).then(
      () => this.#close(tunnel, undefined),
      async (error: unknown) => {
        await this.#close(tunnel, error);
        if (!accepted) throw error;
      },
    );
    const settled = carried
      .catch(() => {})
      .finally(() => {
        unsubscribe();
        this.#carried.delete(settled);
      });
    this.#carried.add(settled);
    await carried;
  }

  /** Closes all that are open, so that they are opened again at another gateway. */
  async close(): Promise<void> {
    this.#closing = true;
    for (const tunnel of this.#open.values()) tunnel.end({ code: TUNNEL_CLOSE.restart, reason: 'This gateway is stopping.' });
    await Promise.all(this.#carried);
    clearInterval(this.#look);
  }

  /** For metrics: how many are open, and the bytes of all that ever were. */
  get figures(): { readonly tunnels: number; readonly holds: number; readonly received: number; readonly sent: number } {
    let { received, sent } = this.#past;
    let holds = 0;
    for (const tunnel of this.#open.values()) {
      received += tunnel.bytes.received;
      sent += tunnel.bytes.sent;
      if (tunnel.hold) holds += 1;
    }
    return { holds, tunnels: this.#open.size - holds, received, sent };
  }

  /** Asks again what policy says of what was asked for, by the rules of this moment and with the approvals that it was given. */
  #standing(row: RequestRow, principal: Principal, { action }: CatalogAction): Decision {
    const about = aboutRequest(row);
    return this.#options.policy.decide({
      ...about,
      operation: 'action.run',
      principal,
      action,
      approvals: recordedApprovals(row),
    });
  }

  async #permit(row: RequestRow, { id, name }: Principal, decision: Decision): Promise<void> {
    if (decision.effect === 'permit') return;
    await appendAudit(this.#options.db, {
      ...aboutTunnel(row),
      actor: { id, name },
      type: 'tunnel.denied',
      outcome: 'denied',
      data: { decision },
    });
    const error = deniedAndRecorded(decision);
    if (decision.effect === 'deny') throw error;
    throw new GuichetError('policy.denied', `By the rules of this moment ${requestName(row)} takes another approval.`, {
      remedy: 'Ask for it anew: run the command again.',
      details: denied(decision).details,
      cause: error,
    });
  }

  #carry(tunnel: Tunnel, found: CatalogAction, accept: () => Promise<SocketStream>): Promise<void> {
    const { row, caller, hold } = tunnel;
    const { principal } = caller;
    return this.#options.calls.tunnel({
      found,
      environment: row.environment,
      input: row.input,
      caller: principal,
      approvers: row.approvals.map(({ by }) => by),
      request: requestName(row),
      run: row.runId ?? '', // admitted with one
      seen: row.plan.seen,
      output: row.output,
      hold,
      signal: tunnel.abort.signal,
      accept,
      record: (event) => tunnel.record(event),
    });
  }

  async #close(tunnel: Tunnel, error: unknown): Promise<void> {
    const { db, bus, outbox, onError } = this.#options;
    const { id, row, hold } = tunnel;
    try {
      const { facts, failed, left } = await tunnel.closing(error);
      this.#forget(tunnel);
      await tunnel.audit({ type: 'tunnel.closed', outcome: failed ? 'failed' : 'ok', data: facts });
      // A hold that broke, or could not be opened, stays in the table: whoever wants it has the time of the grace to come back.
      if (hold && left) await leave(id, row.number, { db, bus, outbox });
      else if (!hold) await deleteTunnel(db, id);
    } catch (trouble) {
      this.#forget(tunnel);
      onError(trouble);
    }
  }

  #forget(tunnel: Tunnel): void {
    if (!this.#open.delete(tunnel.id)) return;
    this.#countOff(tunnel.caller.principal.id);
    this.#past.received += tunnel.bytes.received;
    this.#past.sent += tunnel.bytes.sent;
    if (this.#open.size > 0) return;
    clearInterval(this.#look);
    this.#look = undefined;
    this.#until.clear();
  }

  #countOff(principal: string): void {
    const count = (this.#counts.get(principal) ?? 1) - 1;
    if (count > 0) this.#counts.set(principal, count);
    else this.#counts.delete(principal);
  }

  #watch(): void {
    if (this.#look !== undefined) return;
    this.#renewedAt = performance.now();
    this.#look = setInterval(() => void this.#lookAfter(), LOOK_MS);
  }

  /** Closes what is over, tells who holds something until when, and says of all others that they are open. */
  async #lookAfter(): Promise<void> {
    if (this.#looking || this.#open.size === 0) return;
    this.#looking = true;
    try {
      const { db } = this.#options;
      const numbers = [...new Set([...this.#open.values()].map(({ row }) => row.number))];
      for (const standing of await standingOfAll(db, numbers)) this.#apply(standing);
      if (performance.now() - this.#renewedAt >= RENEW_MS && this.#open.size > 0) {
        await renewTunnels(db, [...this.#open.keys()]);
        this.#renewedAt = performance.now();
      }
      if (performance.now() - this.#dismissedAt >= DISMISS_MS) {
        this.#dismissedAt = performance.now();
        await this.#dismiss();
      }
    } catch (error) {
      this.#options.onError(error);
    } finally {
      this.#looking = false;
    }
  }

  #apply(standing: StandingRow): void {
    const { number, undoAt, undoneBy } = standing;
    const before = this.#until.get(number);
    const until = undoAt?.getTime() ?? null;
    this.#until.set(number, until);
    for (const tunnel of this.#open.values()) {
      if (tunnel.row.number !== number) continue;
      if (undoneBy !== null) tunnel.end({ code: TUNNEL_CLOSE.ended, reason: endInWords(standing) });
      else if (tunnel.hold && before !== until) this.#tellUntil(tunnel, standing);
    }
  }

  #tellUntil(tunnel: Tunnel, { undoAt, readAt }: Pick<StandingRow, 'undoAt' | 'readAt'> = tunnel.row): void {
    const seconds = undoAt === null ? null : Math.max(0, (undoAt.getTime() - readAt.getTime()) / 1000);
    tunnel.tell({ type: 'until', at: undoAt?.toISOString() ?? null, seconds });
  }

  /** Who was signed out, or has left the company, is connected to nothing. */
  async #dismiss(): Promise<void> {
    const { db, directory } = this.#options;
    const tunnels = [...this.#open.values()];
    const gone = await departed(
      db,
      tunnels.map(({ caller }) => caller),
    );
    const members = await directory.members(db, [...new Set(tunnels.map(({ caller }) => caller.principal.id))]);
    for (const tunnel of tunnels) {
      const { caller } = tunnel;
      if (gone.has(caller)) tunnel.end({ code: TUNNEL_CLOSE.restart, reason: 'You were signed out, or the token was revoked.' });
      else if (!members.has(caller.principal.id))
        tunnel.end({ code: TUNNEL_CLOSE.restart, reason: `${caller.principal.name} is no longer in the company.` });
    }
  }
}

const deny = (policy: string, message: string): Decision => ({ effect: 'deny', reasons: [{ policy, message }] });

function endInWords({ number, undoneBy, byClock, byName, byRequester }: StandingRow): string {
  const [id, by] = [requestName({ number }), requestName({ number: undoneBy ?? '' })];
  if (byClock === true) return `The time of ${id} is over.`;
  return `${id} was ended by ${byRequester === true ? 'you' : byName} (${by}).`;
}
