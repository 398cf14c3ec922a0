import { Agent, get } from 'node:http';
import { nowMs } from '../statistics.ts';

/** One event as one watcher saw it, and when its last byte came (ms, `nowMs`). */
export interface Sighting {
  readonly type: string;
  readonly data: unknown;
  readonly at: number;
}

/** Many streams of server-sent events, each on a connection of its own. */
export class Watchers {
  readonly #sightings: Sighting[] = [];
  readonly #agent = new Agent({ keepAlive: false });
  readonly #streams: Promise<void>[] = [];

  /** Resolves when each stream has brought an event of the type. */
  static async open(streams: readonly { url: string; token: string }[], first: string): Promise<Watchers> {
    const watchers = new Watchers();
    await Promise.all(
      streams.map((stream) => new Promise<void>((resolve, reject) => watchers.#open(stream, { first, resolve, reject }))),
    );
    return watchers;
  }

  /** What all have seen, when all streams have ended. */
  async ended(): Promise<readonly Sighting[]> {
    await Promise.all(this.#streams);
    return this.#sightings;
  }

  #open(
    { url, token }: { url: string; token: string },
    { first, resolve, reject }: { first: string; resolve: () => void; reject: (error: Error) => void },
  ): void {
    const ended = Promise.withResolvers<void>();
    this.#streams.push(ended.promise);
    const call = get(url, { agent: this.#agent, headers: { authorization: `Bearer ${token}` } }, (response) => {
      if (response.statusCode !== 200) return reject(new Error(`${url} answered ${response.statusCode}`));
      let rest = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        const at = nowMs();
        const blocks = (rest + chunk).split('\n\n');
        rest = blocks.pop() ?? '';
        for (const block of blocks) {
          const [, type, data] = /^event: (\S+)\ndata: (.*)$/m.exec(block) ?? [];
          if (type === undefined || data === undefined) continue;
          this.#sightings.push({ type, data: JSON.parse(data), at });
          if (type === first) resolve();
        }
      });
      response.on('close', () => ended.resolve());
    });
    call.on('error', reject);
  }
}
