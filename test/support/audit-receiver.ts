import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { AuditEvent } from '@guichet/contract';

export type Mood = 'takes' | 'hangs' | 'fails' | 'fails half of the time' | 'takes and says nothing';

export interface Post {
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** A sink of the audit log, in whatever mood the test wants. It can be away, and come back at the same address. */
export class AuditReceiver {
  mood: Mood = 'takes';
  /** What it has answered with 2xx. */
  readonly taken: Post[] = [];
  /** All that came. */
  posts = 0;
  #server: Server | undefined;
  #port = 0;
  readonly #sockets = new Set<Socket>();

  get url(): string {
    return `http://127.0.0.1:${this.#port}/sink`;
  }

  /** Ids of the events that it has taken, each once, in the order in which they came first. */
  get ids(): string[] {
    return [...new Set(this.events.map(({ id }) => id))];
  }

  get events(): AuditEvent[] {
    return this.taken.flatMap(({ text }) => (JSON.parse(text) as { events: AuditEvent[] }).events); // what the gateway sends
  }

  async listen(): Promise<void> {
    this.#server = createServer((request, response) => {
      let text = '';
      request.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      request.on('end', () => this.#answer({ headers: request.headers, text }, response));
    });
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    await new Promise<void>((done) => this.#server?.listen(this.#port, '127.0.0.1', done));
    this.#port = (this.#server.address() as AddressInfo).port; // it listens on TCP
  }

  /** Cuts whoever is connected, as a process that dies. */
  async die(): Promise<void> {
    const closed = new Promise((done) => this.#server?.close(done));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #answer(post: Post, response: ServerResponse): void {
    this.posts += 1;
    if (this.mood === 'hangs') return;
    if (this.mood === 'fails' || (this.mood === 'fails half of the time' && this.posts % 2 === 0)) {
      response.writeHead(500).end('no');
      return;
    }
    this.taken.push(post);
    if (this.mood === 'takes and says nothing') response.socket?.destroy();
    else response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  }
}
