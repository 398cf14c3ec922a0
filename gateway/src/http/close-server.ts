import type { FastifyInstance } from 'fastify';

const SWEEP_MS = 50;

/**
 * Closes a server: it listens no more, calls that are under way end. Node closes connections that are idle when it is
 * told to, not those that become idle later, and would wait for their callers; and who does not read their answer would
 * hold us for ever: after the limit they are cut.
 */
export async function closeServer(app: FastifyInstance, { limitMs }: { limitMs: number }): Promise<void> {
  const sweep = setInterval(() => app.server.closeIdleConnections(), SWEEP_MS);
  const cut = setTimeout(() => app.server.closeAllConnections(), limitMs);
  try {
    await app.close();
  } finally {
    clearInterval(sweep);
    clearTimeout(cut);
  }
}
