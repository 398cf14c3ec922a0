import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { SocketStream } from './socket-stream.ts';

/** Frames that are longer break the connection: nobody sends such. */
const LONGEST_FRAME = 4 * 1024 * 1024;

/** Of every socket. What is sent is mostly bytes of a database: to deflate it would take longer than to send it. */
export const SOCKET = {
  perMessageDeflate: false,
  skipUTF8Validation: true,
  maxPayload: LONGEST_FRAME,
  autoPong: false, // SocketStream answers
} as const;

const server = new WebSocketServer({ noServer: true, clientTracking: false, ...SOCKET });

/** A call that asks to become a WebSocket, as the event `upgrade` of a server gives it. */
export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

export function asksForWebSocket({ headers, method }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket';
}

/** Answers the upgrade. Resolves to undefined when it is not a right one: then it is answered, and closed. */
export function acceptUpgrade({ request, socket, head }: Upgrade): Promise<SocketStream | undefined> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve(undefined));
    server.handleUpgrade(request, socket, head, (taken) => resolve(new SocketStream(taken)));
  });
}
