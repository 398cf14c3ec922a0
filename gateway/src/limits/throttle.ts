import { isIPv6 } from 'node:net';
import { formatDuration, GuichetError } from '@guichet/contract';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

export interface ThrottleOptions {
  /** What the refusal says: `More than 300 sign-ins from your address in a minute.` */
  readonly message: string;
  readonly max: number;
  readonly seconds: number;
}

/** Refuses with `rate.limited` what one key (an address, a person, a code) does too often. Counted in each process. */
export class Throttle {
  readonly #options: ThrottleOptions;
  readonly #limiter: RateLimiterMemory;

  constructor(options: ThrottleOptions) {
    this.#options = options;
    this.#limiter = new RateLimiterMemory({ points: options.max, duration: options.seconds });
  }

  /** Counts one; refuses when it is one too many. */
  async take(key: string): Promise<void> {
    try {
      await this.#limiter.consume(key);
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      throw this.#refused(refusal.msBeforeNext);
    }
  }

  /** Refuses when too many have been counted, and counts nothing: for what counts its failures alone. */
  async check(key: string): Promise<void> {
    const counted = await this.#limiter.get(key);
    if (counted !== null && counted.consumedPoints >= this.#options.max) throw this.#refused(counted.msBeforeNext);
  }

  /** Counts one, and refuses nothing: the failure itself is the answer. */
  async count(key: string): Promise<void> {
    await this.take(key).catch((refusal: unknown) => {
      if (!(refusal instanceof GuichetError)) throw refusal;
    });
  }

  /** Takes one back that was counted before it was known that it does not count. */
  async giveBack(key: string): Promise<void> {
    await this.#limiter.reward(key);
  }

  #refused(waitMs: number): GuichetError {
    return limited(this.#options.message, waitMs);
  }
}

/** `details.retryAfterSeconds` is sent as retry-after. */
export function limited(message: string, waitMs: number): GuichetError {
  const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1000));
  return new GuichetError('rate.limited', message, {
    remedy: `Try again in ${formatDuration(retryAfterSeconds)}.`,
    details: { retryAfterSeconds },
  });
}

/** What an address is counted as: of IPv6 the network, since whoever has one address there has all of them. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !isIPv6(address)) return mapped ?? address;
  // A URL writes it in its one shortest form: 2001:0db8:: and 2001:db8:: are the same network.
  const [head = '', tail] = new URL(`http://[${address.split('%')[0]}]`).hostname.slice(1, -1).split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - groups.length - after.length)).fill('0');
  return `${[...groups, ...zeros, ...after].slice(0, 4).join(':')}::/64`;
}
