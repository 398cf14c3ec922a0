import { z } from 'zod';
import { Problem } from './problem.ts';
import { CallBody, TunnelEvent } from './protocol.ts';

/*
 * A tunnel carries the bytes of one connection of a developer's own program (psql, ssh) to what a connection leads to:
 *
 *   client <-TCP-> command line <-WebSocket-> gateway <-WebSocket-> provider <-TCP-> server
 *
 * Binary frames are its bytes; text frames are JSON, one of the messages below.
 */

const id = z.int().min(1);

/** From the gateway to the provider. `call` is the first message; its digest is in the grant. */
export const TunnelToProvider = z.discriminatedUnion('type', [
  z.object({ type: z.literal('call'), body: CallBody }),
  z.object({ type: z.literal('recorded'), id }),
  z.object({ type: z.literal('unrecorded'), id, message: z.string() }),
]);
export type TunnelToProvider = z.infer<typeof TunnelToProvider>;

/** From the provider to the gateway. `opened`, or `failed`, is the first message. */
export const TunnelFromProvider = z.discriminatedUnion('type', [
  z.object({ type: z.literal('opened') }),
  z.object({ type: z.literal('record'), id, event: TunnelEvent }),
  z.object({ type: z.literal('failed'), problem: Problem }),
]);
export type TunnelFromProvider = z.infer<typeof TunnelFromProvider>;

/** From the gateway to whoever holds a connection open, and, but for `until`, to each tunnel. */
export const TunnelNotice = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('until'),
    at: z.iso.datetime().nullable().describe('When it ends by itself; null when nobody knows'),
    seconds: z.number().nullable().describe('How long that is from now: the clocks may differ'),
  }),
  z.object({ type: z.literal('ended'), reason: z.string().describe('Why it is over, for good') }),
  z.object({ type: z.literal('failed'), problem: Problem.describe('Why this tunnel broke') }),
]);
export type TunnelNotice = z.infer<typeof TunnelNotice>;
