import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'vitest';

/** What a webhook was sent. */
export interface Delivery {
  readonly id: string;
  readonly event: { readonly type: string; readonly actor: { id: string } | null; readonly data: Record<string, unknown> };
  readonly request?: { readonly id: string };
  readonly schedule?: { readonly name: string };
}

export interface Receiver {
  readonly url: Promise<string>;
  /** What was told of a request, by its id, or of a schedule, by its name, once it is so much. */
  heard(id: string, count: number): Promise<Delivery[]>;
  close(): Promise<void>;
}

/** Somebody who subscribed to events, and takes whatever comes. */
export function receiver(): Receiver {
  const all: Delivery[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    request.on('end', () => {
      all.push(JSON.parse(text) as Delivery); // what the gateway sends
      response.writeHead(204).end();
    });
  });
  const about = (id: string): Delivery[] => all.filter(({ request, schedule }) => request?.id === id || schedule?.name === id);
  return {
    url: new Promise(
      (resolve) => server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)), // it listens on TCP
    ),
    heard: async (id, count) => {
      await expect.poll(() => about(id).length, { timeout: 25_000 }).toBeGreaterThanOrEqual(count);
      return about(id);
    },
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}
