import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import type { TunnelEvent } from '@guichet/contract';
import type { QueryMask } from '../query-mask.ts';
import { serveClient, Unserved } from '../wire/serve-client.ts';
import { sendCancel } from '../wire/server-session.ts';
import { type ConnectSettings, rulesFor } from './connect-config.ts';
import { refusalOf } from './fence.ts';
import { leaseRole } from './lease.ts';
import type { LeaseKeeper } from './lease-keeper.ts';
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
 * Carries one connection of a client to the server, or holds the lease, until that is over. Rejects with an Unserved when the
 * lease has ended, which a client has been told by then.
 */
export async function serveLease(tunnel: LeaseTunnel): Promise<void> {
  const { keeper, place, request, stream, hold, signal } = tunnel;
  const use = await keeper.use(place, { role: leaseRole(request), request }).catch((error: unknown) => {
    stream.destroy();
    throw error;
  });
  try {
    const over = AbortSignal.any([signal, use.ended]);
    if (hold) await held(stream, over);
    else await carry(tunnel, { use, over });
  } finally {
    use.release();
    stream.destroy();
  }
}

async function held(stream: Duplex, over: AbortSignal): Promise<void> {
  stream.on('error', () => {}).resume();
  if (stream.readableEnded || stream.destroyed) return;
  const left = new AbortController();
  const either = AbortSignal.any([over, left.signal]);
  stream.once('end', () => left.abort()).once('close', () => left.abort());
  if (!either.aborted) await once(either, 'abort');
  if (over.reason instanceof Unserved) throw over.reason;
}

async function carry(
  { settings, place, database, request, mask, stream, record }: LeaseTunnel,
  { use, over }: { use: Awaited<ReturnType<LeaseKeeper['use']>>; over: AbortSignal },
): Promise<void> {
  const rules = rulesFor(settings, place.instance.name);
  await serveClient({
    stream,
    name: request,
    database,
    connect: (parameters) => use.connect(new Map([...parameters, ['database', database]]), over),
    cancel: (packet) => sendCancel(place.instance.settings, packet, over),
    statement: async ({ text, cut }) => {
      const summary = mask.mask(text, cut).replaceAll(/\s+/g, ' ').trim();
      if (summary === '') return undefined; // nothing but white space: the server does nothing either
      const refusal = refusalOf(text);
      if (refusal === undefined) use.count(1);
      try {
        await record({ summary, ...(refusal !== undefined && { details: { refused: refusal.message } }) });
        return refusal;
      } catch (cause) {
        throw new Unserved(
          {
            code: '58000',
            message: 'The statement was not run, because it could not be written to the audit log.',
            hint: 'Connect again in a moment.',
          },
          { cause },
        );
      }
    },
    idle: { session: rules.idleSeconds * 1000, transaction: rules.idleInTransactionSeconds * 1000 },
    signal: over,
  });
}
