import { type Actor, ERRORS, GuichetError, TUNNEL_CLOSE, TunnelEvent, type TunnelNotice, toProblem } from '@guichet/contract';
import type { SocketStream } from '@guichet/tunnel';
import { appendAudit, type NewAuditEvent } from '../audit/index.ts';
import type { Database } from '../db/index.ts';
import type { Caller } from '../identity/index.ts';
import type { RequestRow } from '../requests/index.ts';
import { aboutTunnel } from './unused.ts';

/** Of the details of an event, as JSON, in characters. */
const LONGEST_DETAILS = 16_384;
/** A hold that answers no ping for so long is broken. */
const PING_MS = 10_000;
const SILENT_MS = 25_000;

/** Why a tunnel is being closed by the gateway. */
export interface Ending {
  readonly code: number;
  readonly reason: string;
}

/** One tunnel that is open here: what it says to its client, and to the audit log. */
export class Tunnel {
  readonly id: string;
  readonly row: RequestRow;
  readonly caller: Caller;
  readonly hold: boolean;
  /** Aborted when the gateway closes it. */
  readonly abort = new AbortController();
  readonly #db: Database;
  readonly #openedAt = performance.now();
  #client: SocketStream | undefined;
  #ending: Ending | undefined;
  #recorded: Promise<unknown> = Promise.resolve();
  #statements = 0;
  #pulse: NodeJS.Timeout | undefined;

  constructor({ id, row, caller, hold, db }: { id: string; row: RequestRow; caller: Caller; hold: boolean; db: Database }) {
    this.id = id;
    this.row = row;
    this.caller = caller;
    this.hold = hold;
    this.#db = db;
  }

  /** From now on there is a client. */
  attach(client: SocketStream): void {
    this.#client = client;
    client.refuseMessages();
    if (this.#ending !== undefined) this.#close(this.#ending);
    if (!this.hold) return;
    let heardAt = performance.now();
    client.socket.on('pong', () => {
      heardAt = performance.now();
    });
    client.resume(); // nothing is to come
    this.#pulse = setInterval(() => {
      if (performance.now() - heardAt > SILENT_MS) client.socket.terminate();
      else if (client.socket.readyState === client.socket.OPEN) client.socket.ping();
    }, PING_MS);
    void client.over.then(() => clearInterval(this.#pulse));
  }

  tell(notice: TunnelNotice): void {
    this.#client?.tell(notice);
  }

  /** Closes it, and says why. */
  end(ending: Ending): void {
    if (this.#ending !== undefined) return;
    this.#ending = ending;
    this.#close(ending);
    this.abort.abort(new DOMException(ending.reason, 'AbortError'));
  }

  #close({ code, reason }: Ending): void {
    if (code === TUNNEL_CLOSE.ended) this.tell({ type: 'ended', reason });
    this.#client?.finish(code, reason);
  }

  /** Writes an event down, after all before it. */
  record(given: TunnelEvent): Promise<void> {
    const written = this.#recorded.then(async () => {
      if (this.abort.signal.aborted) throw new GuichetError('request.not_connectable', 'The connection is over.');
      const { summary, details } = storable(TunnelEvent.parse(given));
      this.#statements += 1;
      const data = { tunnel: this.id, number: this.#statements, summary, ...(details !== undefined && { details }) };
      await this.audit({ type: 'tunnel.statement', outcome: 'ok', data });
    });
    this.#recorded = written.catch(() => {});
    return written;
  }

  audit(event: Pick<NewAuditEvent, 'type' | 'outcome' | 'data'>): Promise<void> {
    const { id, name } = this.caller.principal;
    const actor: Actor = { id, name };
    return appendAudit(this.#db, { ...aboutTunnel(this.row), actor, ...event });
  }

  /** What it carried, once it is over. `error`: what the provider's side ended with. */
  async closing(
    error: unknown,
  ): Promise<{ readonly facts: Record<string, unknown>; readonly failed: boolean; readonly left: boolean }> {
    const client = this.#client;
    if (client !== undefined) await this.#bidFarewell(client, error);
    const code = (await client?.over)?.code;
    const left = this.#ending === undefined && error === undefined && code === TUNNEL_CLOSE.over;
    const why =
      this.#ending?.reason ?? (error !== undefined ? messageOf(error) : left ? 'Closed.' : 'The connection of the client broke.');
    const seconds = Math.round((performance.now() - this.#openedAt) / 100) / 10;
    const { received = 0, sent = 0 } = client ?? {};
    return {
      left,
      failed: error !== undefined && this.#ending === undefined,
      facts: { tunnel: this.id, hold: this.hold, seconds, bytesIn: received, bytesOut: sent, statements: this.#statements, why },
    };
  }

  async #bidFarewell(client: SocketStream, error: unknown): Promise<void> {
    if (error === undefined || this.#ending !== undefined) {
      client.end();
    } else if (error instanceof GuichetError && ERRORS[error.code].retryable) {
      client.finish(TUNNEL_CLOSE.restart, error.message);
    } else {
      client.tell({ type: 'failed', problem: toProblem(asShown(error)) } satisfies TunnelNotice);
      client.finish(TUNNEL_CLOSE.failed);
    }
  }

  /** Bytes so far, of a client that sends and of one that is sent to. */
  get bytes(): { readonly received: number; readonly sent: number } {
    return { received: this.#client?.received ?? 0, sent: this.#client?.sent ?? 0 };
  }
}

const asShown = (error: unknown): GuichetError =>
  error instanceof GuichetError ? error : new GuichetError('internal', 'Something went wrong inside Guichet.');

const messageOf = (error: unknown): string => asShown(error).message;

/** What the database cannot hold becomes a mark: the statement itself goes on as it is. */
function storable({ summary, details }: TunnelEvent): TunnelEvent {
  const text = summary.toWellFormed().replaceAll('\0', '\uFFFD');
  if (details === undefined) return { summary: text };
  const json = JSON.stringify(details);
  if (json.length > LONGEST_DETAILS)
    throw new GuichetError('provider.protocol', `The details of an event are longer than ${LONGEST_DETAILS} characters.`);
  return { summary: text, details: JSON.parse(json.toWellFormed().replaceAll('\\u0000', '\\ufffd')) };
}
