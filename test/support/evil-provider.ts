import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const LOOK = {
  name: 'look',
  version: '1',
  title: 'Look',
  kind: 'read',
  risk: 'safe',
  input: { type: 'object', properties: { x: { type: 'string' } } },
  output: 'text',
  timeoutSeconds: 1,
  options: ['x'],
};
export const MANIFEST = {
  protocol: 1,
  provider: 'evil',
  title: 'Evil',
  version: '1.0.0',
  team: 'sre',
  actions: [LOOK, { ...LOOK, name: 'change', title: 'Change', kind: 'write', risk: 'reversible', options: [] }],
};

/** A provider over HTTP that answers as the test wants, right or wrong. */
export interface EvilProvider {
  readonly url: string;
  readonly port: number;
  /** What `GET manifest` gives; undefined: a 500. */
  manifest: unknown;
  /** It takes calls and answers none, as a process that hangs. */
  isSilent: boolean;
  /** Answers every call of an action. */
  answer: (response: ServerResponse, request: IncomingMessage) => void;
  close(): Promise<void>;
}

export async function startEvilProvider({ port = 0 }: { port?: number } = {}): Promise<EvilProvider> {
  const server = createServer((request, response) => {
    request.resume();
    if (evil.isSilent) return;
    if (request.url?.endsWith('/manifest') !== true) return evil.answer(response, request);
    response.statusCode = evil.manifest === undefined ? 500 : 200;
    response.end(typeof evil.manifest === 'string' ? evil.manifest : JSON.stringify(evil.manifest));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address() as AddressInfo; // it listens on a port
  const evil: EvilProvider = {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    manifest: MANIFEST,
    isSilent: false,
    answer: (response) => response.end(),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return evil;
}
