import {
  Agent,
  type ClientRequest,
  createServer,
  get,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { GuichetError, toProblem } from '@guichet/contract';

export interface BalancerOptions {
  /** A free one for 0. */
  readonly port: number;
  /** Addresses of the gateways, such as http://127.0.0.1:4411. */
  readonly gateways: readonly string[];
  /** How often each is asked whether it is ready; 500 ms when absent. */
  readonly checkMs?: number;
  /** Told when a gateway takes calls, or takes them no more. */
  readonly onChange?: (gateway: string, isReady: boolean) => void;
}

export interface Balancer {
  readonly url: string;
  /** The gateways that take calls at this moment. */
  ready(): readonly string[];
  close(): Promise<void>;
}

const CHECK_LIMIT_MS = 2000;
const CONNECT_LIMIT_MS = 2000;

/**
 * A small load balancer: each call goes to the next gateway that is ready. What could not reach one goes to another; what
 * was sent once is not sent again, for nobody knows what became of it. Answers are passed on as they come, streams too.
 */
export async function startBalancer({ port, gateways, checkMs = 500, onChange }: BalancerOptions): Promise<Balancer> {
  const up = new Set<string>();
  let next = 0;
  const check = async (gateway: string): Promise<void> => {
    const isReady = await answersReady(gateway);
    if (isReady === up.has(gateway)) return;
    if (isReady) up.add(gateway);
    else up.delete(gateway);
    onChange?.(gateway, isReady);
  };
  await Promise.all(gateways.map(check));
  const checks = gateways.map((gateway) => repeat(() => check(gateway), checkMs));
  const order = (): string[] => {
    const ready = gateways.filter((gateway) => up.has(gateway));
    // When none has said that it is ready, one may be so by now.
    const candidates = ready.length > 0 ? ready : gateways;
    const first = next++ % candidates.length;
    return [...candidates.slice(first), ...candidates.slice(0, first)];
  };
  const server = createServer((incoming, outgoing) => {
    void pass(incoming, outgoing, order()).catch(() => outgoing.destroy());
  });
  const upgraded = new Set<Duplex>();
  server.on('upgrade', (incoming, socket, head) => {
    upgraded.add(socket.once('close', () => upgraded.delete(socket)).on('error', () => {}));
    void passUpgrade({ incoming, socket, head }, order());
  });
  server.requestTimeout = 0; // streams live long; the gateways have limits of their own
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    ready: () => [...up],
    close: async () => {
      for (const stop of checks) stop();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      for (const socket of upgraded) socket.destroy();
      await closed;
    },
  };
}

function repeat(work: () => Promise<void>, pauseMs: number): () => void {
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  const again = (): void => {
    if (!isStopped) timer = setTimeout(() => void work().finally(again), pauseMs);
  };
  again();
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}

function answersReady(gateway: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = get(`${gateway}/readyz`, { agent: false, timeout: CHECK_LIMIT_MS }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(false));
  });
}

/** Sends a call to the first gateway that can be reached. */
async function pass(incoming: IncomingMessage, outgoing: ServerResponse, order: readonly string[]): Promise<void> {
  for (const gateway of order) {
    const socket = await reach(new URL(gateway));
    if (socket === undefined) continue;
    return forward(incoming, outgoing, { gateway, socket });
  }
  const error = new GuichetError('gateway.draining', 'No gateway can be reached.', { remedy: 'Try again in a few seconds.' });
  const problem = toProblem(error);
  outgoing.writeHead(problem.status, { 'content-type': 'application/problem+json', 'retry-after': '1', connection: 'close' });
  outgoing.end(JSON.stringify(problem));
}

/** A WebSocket: its call is sent to the first gateway that can be reached, and from then on bytes are passed as they come. */
async function passUpgrade(
  { incoming, socket, head }: { incoming: IncomingMessage; socket: Duplex; head: Buffer },
  order: readonly string[],
): Promise<void> {
  for (const gateway of order) {
    const to = await reach(new URL(gateway));
    if (to === undefined) continue;
    const { method, url, headers } = incoming;
    const sent = { ...endToEnd(headers), ...whereFrom(incoming), connection: 'Upgrade', upgrade: headers.upgrade };
    const lines = Object.entries(sent).flatMap(([name, value]) => [value ?? []].flat().map((each) => `${name}: ${each}`));
    to.write(`${method} ${url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
    to.write(head);
    to.on('error', () => {}).once('close', () => socket.destroy());
    socket.once('close', () => to.destroy());
    to.pipe(socket).pipe(to);
    return;
  }
  socket.end('HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\n\r\n');
}

/** A connection of its own for each call: one that was kept may be closed by the gateway at the moment that it is used. */
function reach({ hostname, port }: URL): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    const late = setTimeout(() => socket.destroy(new Error('no answer')), CONNECT_LIMIT_MS);
    socket.once('error', () => {
      clearTimeout(late);
      resolve(undefined);
    });
    socket.once('connect', () => {
      clearTimeout(late);
      resolve(socket);
    });
  });
}

function forward(incoming: IncomingMessage, outgoing: ServerResponse, to: { gateway: string; socket: Socket }): void {
  const { method = 'GET', url = '/' } = incoming;
  const headers = { ...endToEnd(incoming.headers), ...whereFrom(incoming), connection: 'close' };
  const agent = new Agent({ keepAlive: false });
  agent.createConnection = () => to.socket;
  const sent: ClientRequest = request({ method, path: url, headers, agent, setHost: false });
  sent.on('response', (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, { ...endToEnd(answer.headers), 'x-guichet-gateway': to.gateway });
    outgoing.flushHeaders(); // of a stream that is silent at first
    answer.on('error', () => outgoing.destroy());
    answer.on('aborted', () => outgoing.destroy());
    answer.pipe(outgoing);
  });
  // It was sent: nobody knows what became of it. The caller sees what it would see of a gateway that breaks off.
  sent.on('error', () => outgoing.destroy());
  outgoing.on('close', () => sent.destroy());
  incoming.pipe(sent);
}

/** As the last proxy before the gateways it says itself where a call comes from. */
function whereFrom({ socket, headers }: IncomingMessage): Record<string, string> {
  return {
    'x-forwarded-for': socket.remoteAddress ?? '',
    'x-forwarded-proto': 'http',
    ...(headers.host !== undefined && { 'x-forwarded-host': headers.host }),
  };
}

const HOP_BY_HOP = ['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'];

/** Without the headers that are of one connection alone. */
function endToEnd(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const named = (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.includes(name) && !named.includes(name)));
}
