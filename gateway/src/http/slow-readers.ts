import type { FastifyInstance } from 'fastify';

const STALLED_MS = 30_000;

/**
 * Cuts whoever asks and then takes nothing of the answer for so long (30 s): their answers would fill our memory. The
 * clock runs from the answer on, not while the work is under way, which may last. Streams of events see to it themselves.
 */
export function cutSlowReaders(app: FastifyInstance, stalledMs = STALLED_MS): void {
  app.addHook('onSend', async (_request, reply) => {
    // Node destroys a socket at its timeout, and sets another one for the pause until the next call.
    reply.raw.setTimeout(stalledMs);
  });
}
