import { createServer, type Server, Socket } from 'node:net';
import type { Random } from './random.ts';

/**
 * What a link does to a call: `reset` and `blackhole` after some bytes of the answer, in both directions;
 * `half`: the answer ends in the middle of a line; `garbage` in place of the rest of it; `error`: a 500 that the provider never sent;
 * `drip`: a few bytes at a time; `late`: the answer comes when the time of a short run is over.
 */
export const FAULTS = ['reset', 'blackhole', 'half', 'garbage', 'error', 'drip', 'late'] as const;
export type Fault = (typeof FAULTS)[number];

/** Where connections wait in vain for so long before the link gives them up, in ms. */
const BLACKHOLE_MS = 3000;
const RETRY_MS = 100;
/** More than the limit of the shortest runs, which is a second. */
const LATE_MS = 1600;
const DRIP_BYTES = 64;
const DRIP_MS = 4;

/** A connection of a gateway, and the one of the provider behind it. */
interface Pair {
  readonly near: Socket;
  far: Socket;
  /** What happens to the answer of the call that is under way. */
  fault: Fault | undefined;
  /** Bytes of it that still come through. */
  left: number;
}

/** A TCP proxy between gateways and a provider. */
export class FaultyLink {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #target: () => number;
  /** What happens to the next call. */
  fault: () => Fault | undefined = () => undefined;
  /** How many calls met each fault. */
  readonly met = new Map<Fault, number>();
  /** False: nobody gets through, nor hears that they do not. */
  #cutOff = false;
  readonly #random: Random;

  private constructor(target: () => number, random: Random) {
    this.#target = target;
    this.#random = random;
    this.#server = createServer((near) => this.#join(near)).on('error', () => {}); // whoever calls is told nothing, and calls again
  }

  static async open(target: () => number, random: Random): Promise<FaultyLink> {
    const link = new FaultyLink(target, random);
    await new Promise<void>((resolve) => link.#server.listen(0, '127.0.0.1', resolve));
    return link;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the link is closed');
    return `http://127.0.0.1:${address.port}`;
  }

  /** Cuts all connections that are open, without a word in either direction; new ones wait. */
  cut(): void {
    this.#cutOff = true;
    for (const socket of this.#sockets) socket.pause();
  }

  mend(): void {
    this.#cutOff = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(near: Socket): void {
    this.#track(near);
    if (this.#cutOff) return;
    const pair: Pair = { near, far: new Socket(), fault: undefined, left: 0 };
    const end = (): void => {
      near.destroy();
      pair.far.destroy();
    };
    near.on('close', end);
    // Each call has its own luck; what a gateway asks to know whether the provider is there always comes through.
    near.on('data', (data) => {
      const fault = /^POST .*\/actions\//.test(data.subarray(0, 200).toString('latin1')) ? this.fault() : undefined;
      if (fault !== undefined) {
        this.met.set(fault, (this.met.get(fault) ?? 0) + 1);
        pair.fault = fault;
        pair.left = this.#random.between(0, 700);
        if (fault === 'error') return void near.end('HTTP/1.1 500 Oops\r\ncontent-length: 5\r\nconnection: close\r\n\r\noops!');
      }
      pair.far.write(data);
    });
    this.#connect(pair, { patienceMs: this.#random.between(0, 2500), end });
  }

  /** A provider that is being started again is waited for, as long as the patience lasts. */
  #connect(pair: Pair, { patienceMs, end }: { patienceMs: number; end: () => void }): void {
    const { near, far } = pair;
    this.#track(far);
    near.pause();
    far.once('error', () => {
      if (far.bytesRead > 0 || patienceMs <= 0 || near.destroyed) return end();
      pair.far = new Socket();
      this.#track(pair.far); // what is on its way to us may be written to it before it connects
      setTimeout(() => this.#connect(pair, { patienceMs: patienceMs - RETRY_MS, end }), RETRY_MS);
    });
    far.once('connect', () => {
      far
        .on('close', () => (pair.fault === 'late' ? setTimeout(end, LATE_MS) : end()))
        .on('data', (data) => this.#pass(pair, data));
      near.resume();
    });
    far.connect(this.#target(), '127.0.0.1');
  }

  /** A piece of the answer. */
  #pass(pair: Pair, data: Buffer): void {
    const { near, far, fault } = pair;
    if (fault === undefined || fault === 'error') return void near.write(data);
    if (fault === 'drip') return void this.#drip(pair, data);
    if (fault === 'late') return void setTimeout(() => !near.destroyed && near.write(data), LATE_MS);
    if (pair.left < 0) return;
    near.write(data.subarray(0, pair.left));
    pair.left -= data.length;
    if (pair.left >= 0) return;
    if (fault === 'reset') near.resetAndDestroy();
    else if (fault === 'half') near.end();
    else if (fault === 'garbage') near.end('\u0000\u0001}{"type":"result"]\r\n');
    if (fault !== 'blackhole') return void far.destroy();
    near.pause();
    setTimeout(() => near.destroy(), BLACKHOLE_MS).unref();
  }

  #drip({ near, far }: Pair, data: Buffer): void {
    far.pause();
    const next = (at: number): void => {
      if (near.destroyed) return;
      near.write(data.subarray(at, at + DRIP_BYTES));
      if (at + DRIP_BYTES < data.length) setTimeout(() => next(at + DRIP_BYTES), DRIP_MS);
      else far.resume();
    };
    next(0);
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket));
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
