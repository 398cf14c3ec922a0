import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { GuichetError } from '@guichet/contract';
import { acceptUpgrade, asksForWebSocket, type SocketStream, type Upgrade } from '@guichet/tunnel';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

const upgrades = new WeakMap<IncomingMessage, Upgrade>();

/** After so long a silent connection is asked, by TCP, whether it still is one. */
const KEEP_ALIVE_MS = 15_000;

/**
 * Sends calls that ask to become a WebSocket through the same hooks and routes as all others: who calls is looked up, and
 * policy asked, before anything is upgraded, and a refusal is a problem document as ever.
 */
export function routeUpgrades(app: FastifyInstance): void {
  app.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => {}); // 'close' follows
    upgrades.set(request, { request, socket, head });
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    // Of an HTTP server, the sockets are those of the network.
    response.assignSocket(socket as Parameters<ServerResponse['assignSocket']>[0]);
    response.once('finish', () => socket.end());
    app.routing(request, response);
  });
}

/** Of calls that ask for another protocol, only those for a WebSocket are treated in another way. */
export const shouldUpgradeCallback = (request: IncomingMessage): boolean => asksForWebSocket(request);

/** Throws when a call cannot become a WebSocket, or was sent by a page of another site. */
export function checkUpgrade(request: FastifyRequest): void {
  // A browser sends the cookie with any WebSocket that any page opens, and cannot send this header: a token is brought on purpose.
  if (request.headers.authorization === undefined)
    throw new GuichetError('token.missing', 'A connection takes a token in the header; a cookie does not do.', {
      remedy: 'Let the command line open it: guichet requests connect REQ-1042.',
    });
  if (request.headers.origin !== undefined)
    throw new GuichetError('csrf.refused', 'A page cannot open a connection.', {
      remedy: 'Let the command line open it: guichet requests connect REQ-1042.',
    });
}

/** Makes the call a WebSocket; undefined when its handshake is not right: then it was answered, and closed. */
export function upgrade(request: FastifyRequest, reply: FastifyReply): Promise<SocketStream | undefined> {
  const asked = upgrades.get(request.raw);
  if (asked === undefined) throw notAsked();
  reply.hijack();
  reply.raw.statusCode = 101; // for the log: the answer itself is written past it
  if ('setKeepAlive' in asked.socket && typeof asked.socket.setKeepAlive === 'function')
    asked.socket.setKeepAlive(true, KEEP_ALIVE_MS);
  return acceptUpgrade(asked);
}

/** Throws `http.upgrade_required` for a call that does not ask for a WebSocket. */
export function refusePlain(request: FastifyRequest): void {
  if (!upgrades.has(request.raw)) throw notAsked();
}

const notAsked = (): GuichetError =>
  new GuichetError('http.upgrade_required', 'This route carries a connection: call it as a WebSocket.', {
    remedy: "Send 'connection: Upgrade' and 'upgrade: websocket', or: guichet requests connect REQ-1042.",
  });
