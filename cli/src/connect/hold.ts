import type { Client } from '@guichet/client';
import { ERRORS, GuichetError, TUNNEL_CLOSE } from '@guichet/contract';
import type { SocketStream } from '@guichet/tunnel';
import { type Notice, readNotice } from './notice.ts';
import { openTunnel } from './open-tunnel.ts';

/** What broke is opened again for so long: then the gateway has ended what it kept open. */
const GRACE_MS = 45_000;
/** The gateway asks every 10 s whether we are there; when it does not for so long, the way to it is gone. */
const SILENT_MS = 30_000;
const LOOK_MS = 5_000;
const FIRST_PAUSE_MS = 300;
const LONGEST_PAUSE_MS = 3_000;

export type Until = Pick<Extract<Notice, { type: 'until' }>, 'at' | 'seconds'>;

/** Why it is over. `lost`: nobody said so. */
export interface End {
  readonly reason: string;
  readonly lost: boolean;
}

export interface HoldEvents {
  readonly onUntil: (until: Until) => void;
  readonly onBroken: () => void;
  readonly onBack: () => void;
}

/** Keeps open what a request has opened, for as long as this command runs: across gateways that are started anew. */
export class Hold {
  /** Resolves when it is over, though nobody here has left. */
  readonly ended: Promise<End>;
  readonly #client: Client;
  readonly #request: string;
  readonly #events: HoldEvents;
  #stream: SocketStream;
  #reason: string | undefined;
  #left = false;

  private constructor(
    stream: SocketStream,
    { client, request, events }: { client: Client; request: string; events: HoldEvents },
  ) {
    this.#stream = stream;
    this.#client = client;
    this.#request = request;
    this.#events = events;
    this.ended = this.#keep();
  }

  /** Rejects with a GuichetError when it cannot be had. */
  static async open(client: Client, request: string, events: HoldEvents): Promise<Hold> {
    return new Hold(await openTunnel(client, request, { hold: true }), { client, request, events });
  }

  /** We are done with it: the gateway ends it at once. */
  async leave(): Promise<void> {
    this.#left = true;
    this.#stream.end();
    await this.#stream.over;
  }

  async #keep(): Promise<End> {
    for (;;) {
      const stopListening = this.#listen(this.#stream);
      const { code, reason } = await this.#stream.over;
      stopListening();
      // Whoever leaves waits for no end.
      if (this.#left) return new Promise(() => {});
      if (this.#reason !== undefined) return { reason: this.#reason, lost: false };
      if (code === TUNNEL_CLOSE.ended || code === TUNNEL_CLOSE.over)
        return { reason: reason === '' ? 'It was closed.' : reason, lost: false };
      this.#events.onBroken();
      const end = await this.#reopen();
      if (end !== undefined) return end;
      this.#events.onBack();
    }
  }

  /** Undefined when it is open again. */
  async #reopen(): Promise<End | undefined> {
    const since = performance.now();
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      try {
        this.#stream = await openTunnel(this.#client, this.#request, { hold: true });
        if (this.#left) this.#stream.end();
        return undefined;
      } catch (error) {
        if (!(error instanceof GuichetError)) throw error;
        if (!ERRORS[error.code].retryable) return { reason: error.message, lost: false };
        if (performance.now() - since > GRACE_MS) return { reason: error.message, lost: true };
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs * (0.5 + Math.random() / 2)));
    }
  }

  #listen(stream: SocketStream): () => void {
    let heardAt = performance.now();
    stream.resume(); // nothing is to come
    stream.socket.on('ping', () => {
      heardAt = performance.now();
    });
    stream.listen((message) => {
      const notice = readNotice(message);
      if (notice?.type === 'until') this.#events.onUntil(notice);
      else if (notice?.type === 'ended') this.#reason = notice.reason;
      else if (notice?.type === 'failed') this.#reason = notice.error.message;
    });
    const look = setInterval(() => {
      if (performance.now() - heardAt > SILENT_MS) stream.socket.terminate();
    }, LOOK_MS);
    return () => clearInterval(look);
  }
}
