import { ERRORS, fromProblem, GuichetError, type Problem } from '@guichet/contract';

export interface TransportOptions {
  /** Where the gateway is, e.g. `https://guichet.example.com`; a path in it is kept. */
  readonly baseUrl: string;
  readonly token?: string | undefined;
  /** Where the token of each call comes from, when it changes with time; instead of `token`. */
  readonly tokens?: TokenSource | undefined;
  readonly fetch?: typeof globalThis.fetch | undefined;
  readonly userAgent?: string | undefined;
  /** The trace that every call belongs to, in W3C's form. */
  readonly traceparent?: string | undefined;
  /** More headers of a call, asked for each time it is sent: what a page of the console proves itself with. */
  readonly headers?: ((call: Call) => Readonly<Record<string, string>>) | undefined;
  /** How often a call that is safe to repeat is repeated; 3 when absent. */
  readonly retries?: number | undefined;
  /** A call that has taken so many milliseconds, repeats included, is not repeated once more; 10 000 when absent. */
  readonly repeatsForMs?: number | undefined;
}

/** Tokens that end and are renewed. */
export interface TokenSource {
  /** One that is good now, as far as can be known without asking. */
  current(): Promise<string>;
  /** Another one, in place of one that the gateway says has expired. */
  renewed(expired: string): Promise<string>;
}

export interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
  /** True when sending it twice has the effect of sending it once. */
  readonly repeatable: boolean;
  /** Sent once, whatever comes of it: the caller has a loop of its own. */
  readonly once?: true;
}

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;
/** A call that has taken so long is not repeated: somebody waits in front of a silent screen. */
const REPEATS_FOR_MS = 10_000;

/** Sends calls and turns everything that can go wrong into a GuichetError. */
export class Transport {
  readonly #options: TransportOptions;
  readonly #fetch: typeof globalThis.fetch;

  constructor(options: TransportOptions) {
    this.#options = options;
    // Of a browser it must not be called as a member of something else.
    this.#fetch = options.fetch ?? ((...call) => globalThis.fetch(...call));
    if (!URL.canParse(options.baseUrl) || !/^https?:$/.test(new URL(options.baseUrl).protocol))
      throw new GuichetError('config.invalid', `'${options.baseUrl}' is not the address of a gateway.`, {
        remedy: 'Give one that begins with http:// or https://, such as http://127.0.0.1:4400.',
      });
    // What no header can carry would look like a gateway that cannot be reached.
    if (options.token !== undefined && !/^[!-~]+$/.test(options.token))
      throw new GuichetError('token.invalid', 'The token holds a space, a line break or a character that no token has.', {
        remedy: 'Copy it once more, into GUICHET_TOKEN or at: guichet login.',
      });
  }

  get baseUrl(): string {
    return this.#options.baseUrl;
  }

  /**
   * The answer to a call that went well, or 304. Repeats what is safe to repeat, with growing pauses, for errors that
   * the table calls retryable and that came soon; an abort by the caller is thrown as it is.
   */
  async send(call: Call): Promise<Response> {
    const retries = call.once ? 0 : (this.#options.retries ?? 3);
    const until = performance.now() + (this.#options.repeatsForMs ?? REPEATS_FOR_MS);
    const { tokens } = this.#options;
    let token = tokens === undefined ? this.#options.token : await tokens.current();
    let isRenewed = false;
    for (let attempt = 0; ; attempt++) {
      const outcome = await this.#once(call, token);
      if (outcome instanceof Response) return outcome;
      // A call that was refused for its token has done nothing: it is safe to send again, whatever it is.
      if (outcome.error.code === 'token.expired' && tokens !== undefined && token !== undefined && !isRenewed) {
        token = await tokens.renewed(token);
        isRenewed = true;
        continue;
      }
      // What was never sent has done nothing either, whatever it is: a gateway that restarts refuses connections.
      const isSafe = call.repeatable || outcome.isUnsent === true || outcome.error.code === 'gateway.draining';
      if (!isSafe || attempt >= retries || performance.now() > until || !ERRORS[outcome.error.code].retryable)
        throw outcome.error;
      await pause(outcome.retryAfterMs ?? backoffMs(attempt), call.signal);
    }
  }

  /** Where, and with which headers, a WebSocket is opened. `expired`: the token that the last try was refused for. */
  async upgrade(
    path: string,
    expired?: string,
  ): Promise<{ url: string; token: string | undefined; headers: Record<string, string> }> {
    const { tokens, userAgent, traceparent, baseUrl } = this.#options;
    const token =
      tokens === undefined ? this.#options.token : expired === undefined ? await tokens.current() : await tokens.renewed(expired);
    const headers = {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(userAgent !== undefined && { 'user-agent': userAgent }),
      ...(traceparent !== undefined && { traceparent }),
    };
    return { url: `${baseUrl.replace(/^http/, 'ws').replace(/\/+$/, '')}${path}`, token, headers };
  }

  async #once(
    call: Call,
    token: string | undefined,
  ): Promise<Response | { error: GuichetError; retryAfterMs?: number | undefined; isUnsent?: boolean }> {
    const { userAgent, baseUrl, traceparent } = this.#options;
    let response: Response;
    try {
      response = await this.#fetch(`${baseUrl.replace(/\/+$/, '')}${call.path}`, {
        method: call.method,
        headers: {
          accept: 'application/json',
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(userAgent !== undefined && { 'user-agent': userAgent }),
          ...(traceparent !== undefined && { traceparent }),
          ...(call.body !== undefined && { 'content-type': 'application/json' }),
          ...this.#options.headers?.(call),
          ...call.headers,
        },
        ...(call.body !== undefined && { body: JSON.stringify(call.body) }),
        ...(call.signal !== undefined && { signal: call.signal }),
        // A redirect would carry the token to an address that nobody chose.
        redirect: 'manual',
      });
    } catch (cause) {
      if (call.signal?.aborted === true) throw cause;
      return { error: unreachable(baseUrl, cause), isUnsent: isUnsent(cause) };
    }
    if (response.ok || response.status === 304) return response;
    return { error: await this.#failure(response), retryAfterMs: retryAfterMs(response) };
  }

  async #failure(response: Response): Promise<GuichetError> {
    const problem = await readProblem(response);
    if (problem !== undefined) return fromProblem(problem, response.status >= 500 ? 'internal' : 'gateway.protocol');
    const location = response.headers.get('location');
    if (location !== null)
      return this.protocolError(`it redirects to ${location}`, 'Use that address as the gateway if you trust it.');
    // A gateway says it with a problem document: this is a proxy that has none behind it, as while gateways restart.
    if (AWAY.has(response.status))
      return unreachable(this.baseUrl, new Error('', { cause: new Error(`HTTP ${response.status}`) }));
    return this.protocolError(`HTTP ${response.status} without a problem document`);
  }

  /** For an answer that is not one of Guichet: a proxy's error page, another server, a far newer gateway. */
  protocolError(what: string, remedy?: string): GuichetError {
    return new GuichetError('gateway.protocol', `${this.baseUrl} gave an answer that cannot be read: ${what}.`, {
      remedy: remedy ?? 'Check that the address is that of a Guichet gateway, and that this client is as new as it is.',
    });
  }
}

const AWAY: ReadonlySet<number> = new Set([502, 503, 504]);

function unreachable(baseUrl: string, cause: unknown): GuichetError {
  return new GuichetError('gateway.unreachable', `The gateway at ${baseUrl} cannot be reached${whyUnreachable(cause)}.`, {
    remedy: 'Check that it runs, that the address is right, and your network or VPN.',
    cause,
  });
}

const UNSENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT']);

/** True when there was no connection that anything could have been sent on. */
function isUnsent(error: unknown): boolean {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    const errors: unknown[] = at instanceof AggregateError ? at.errors : [at];
    const codes = errors.map((inner) => (inner instanceof Error && 'code' in inner ? inner.code : undefined));
    if (codes.every((code) => typeof code === 'string' && UNSENT.has(code))) return true;
  }
  return false;
}

/** fetch wraps the reason: the innermost error says it best, by its system code or in its own words. */
function whyUnreachable(error: unknown): string {
  let words = '';
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    const inner = at instanceof AggregateError ? at.errors[0] : at;
    if (inner instanceof Error && 'code' in inner && typeof inner.code === 'string') return ` (${inner.code})`;
    if (depth > 0) words = ` (${at.message})`;
  }
  return words;
}

async function readProblem(response: Response): Promise<Problem | undefined> {
  if (!/\bjson\b/.test(response.headers.get('content-type') ?? '')) return undefined;
  try {
    const body: unknown = await response.json();
    return isProblem(body) ? body : undefined;
  } catch {
    return undefined;
  }
}

/** True of a problem document, as far as it is read here. */
export function isProblem(body: unknown): body is Problem {
  return (
    typeof body === 'object' &&
    body !== null &&
    'code' in body &&
    typeof body.code === 'string' &&
    'detail' in body &&
    typeof body.detail === 'string'
  );
}

function retryAfterMs(response: Response): number | undefined {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds * 1000, LONGEST_PAUSE_MS) : undefined;
}

/** 200 ms, doubled each time up to 5 s, each shortened by up to half so that many clients do not come back at once. */
export function backoffMs(attempt: number): number {
  const whole = Math.min(FIRST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS);
  return whole * (0.5 + Math.random() / 2);
}

/** Resolves after the pause; rejects with the signal's reason when it is aborted first. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason);
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
