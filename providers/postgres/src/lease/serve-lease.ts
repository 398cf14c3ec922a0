import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import type { TunnelEvent } from '@guichet/contract';
import { PermanentFailure } from '@guichet/sdk';
import { MASKED } from '../query-head.ts';
import { isParsable, type QueryMask } from '../query-mask.ts';
import { Unserved } from '../wire/client-service.ts';
import type { Statement } from '../wire/frontend.ts';
import { serveClient } from '../wire/serve-client.ts';
import { sendCancel } from '../wire/server-session.ts';
import { type ConnectSettings, rulesFor } from './connect-config.ts';
import { refusalOf } from './fence.ts';
import { leaseRole } from './lease.ts';
import { type LeaseKeeper, type LeaseUse, unserved } from './lease-keeper.ts';
import type { LeasePlace } from './primary.ts';

export interface LeaseTunnel {
  readonly keeper: LeaseKeeper;
  readonly settings: ConnectSettings;
  readonly place: LeasePlace;
  readonly database: string;
  readonly request: string;
  readonly mask: QueryMask;
  readonly stream: Duplex;
  /** The stream carries nothing: while it is open the lease is kept. */
  readonly hold: boolean;
  readonly record: (event: TunnelEvent) => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * Carries one connection of a client to the server, or holds the lease, until that is over. Rejects with a PermanentFailure
 * when the lease has ended, and with an InstanceError when it cannot be held; a client is told all that in its own protocol.
 */
export async function serveLease(tunnel: LeaseTunnel): Promise<void> {
  const { stream, hold } = tunnel;
  try {
    await (hold ? keep(tunnel) : carry(tunnel));
  } catch (error) {
    if (!(error instanceof Unserved)) throw error;
    const { message, hint } = error.complaint;
    throw new PermanentFailure(message, { ...(hint !== undefined && { remedy: hint }), cause: error });
  } finally {
    stream.destroy();
  }
}

async function keep({ keeper, place, request, stream, signal }: LeaseTunnel): Promise<void> {
  const use = await keeper.use(place, { role: leaseRole(request), request });
  try {
    stream.on('error', () => {}).resume();
    const left = new AbortController();
    stream.once('end', () => left.abort()).once('close', () => left.abort());
    if (stream.readableEnded || stream.destroyed) return;
    const over = AbortSignal.any([signal, use.ended, left.signal]);
    if (!over.aborted) await once(over, 'abort');
    use.ended.throwIfAborted();
  } finally {
    use.release();
  }
}

async function carry({ keeper, settings, place, database, request, mask, stream, record, signal }: LeaseTunnel): Promise<void> {
  const rules = rulesFor(settings, place.instance.name);
  const ended = new AbortController();
  const over = AbortSignal.any([signal, ended.signal]);
  let use: LeaseUse | undefined;
  const connect = async (parameters: ReadonlyMap<string, string>) => {
    use = await keeper.use(place, { role: leaseRole(request), request }).catch((error: unknown) => {
      throw unserved(error, place.instance);
    });
    const { ended: end } = use;
    end.addEventListener('abort', () => ended.abort(end.reason), { once: true });
    return use.connect(new Map([...parameters, ['database', database]]), over);
  };
  const service = {
    stream,
    name: request,
    database,
    connect,
    cancel: (packet: Buffer) => sendCancel(place.instance.settings, packet, AbortSignal.timeout(CANCEL_MS)),
    statement: async ({ kind, text, cut }: Statement) => {
      const masked = mask.mask(text, cut).replaceAll(/\s+/g, ' ').trim();
      if (masked === '') return undefined; // nothing but white space: the server does nothing either
      // Of a name or a comment that is as long as what is looked at, nobody could say what it was.
      const refusal = cut && masked === MASKED ? UNTOLD : refusalOf(text);
      const summary = refusal !== undefined ? `Refused: ${masked}` : !cut && isParsable(text) ? masked : `${masked} ${NOT_READ}`;
      if (refusal === undefined && kind === 'query') use?.count(1); // a prepared one counts when it is run
      try {
        await record({ summary, ...(refusal !== undefined && { details: { why: refusal.message } }) });
        return refusal;
      } catch (cause) {
        throw new Unserved(UNRECORDED, { cause });
      }
    },
    executions: (count: number) => use?.count(count),
    idle: {
      session: rules.idleSeconds * 1000,
      transaction: rules.idleInTransactionSeconds * 1000,
      isIdle: async (pid: number) => {
        const [row] = await place.instance.observer.query<{ idle: boolean }>(IS_IDLE, [pid]);
        return row?.idle === true;
      },
    },
    signal: over,
  };
  try {
    await serveClient(service);
  } finally {
    use?.release();
  }
}

/** A cancel is wanted also when all else is over. */
const CANCEL_MS = 10_000;

const IS_IDLE = "select state like 'idle%' as idle from pg_stat_activity where pid = $1";

/** Said in the record of a text of which only the first words were looked at. */
const NOT_READ = '(too long to be read through: other statements may follow in it)';

const UNTOLD = {
  code: '54000',
  message: 'Guichet does not let a statement through whose first 64 KiB do not tell what it does.',
  hint: 'Begin it with its first word: comments of that length, and names, are better left out.',
};

const UNRECORDED = {
  code: '58000',
  message: 'The statement was not run, because it could not be written to the audit log.',
  hint: 'Connect again in a moment.',
};
