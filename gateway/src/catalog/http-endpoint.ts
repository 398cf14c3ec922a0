import { setTimeout as sleep } from 'node:timers/promises';
import {
  CancelAnswer,
  type Choice,
  Choices,
  type ErrorCode,
  fromProblem,
  GuichetError,
  type LedgerCall,
  LedgerPage,
  Manifest,
  Observation,
  Plan,
  PROTOCOL_PATH,
  Problem,
  type ProviderCall,
  type ProviderEndpoint,
  RunMessage,
  type TunnelCall,
} from '@guichet/contract';
import type { ZodType } from 'zod';
import { check } from '../findings/index.ts';
import { traceHeaders } from '../telemetry/index.ts';
import type { Grants } from './grants.ts';
import { tunnelOverHttp } from './http-tunnel.ts';

/** The largest answer, and the longest line of a stream, that a provider may send. */
const MAX_BYTES = 8 * 1024 * 1024;
/** A manifest is read again and again, whether anybody calls or not. */
const MAX_MANIFEST_BYTES = 2 * 1024 * 1024;

const CANCEL_AGAIN_MS = 250;

/** What a provider may refuse a call with, beside `provider.*`. */
const SAYABLE: ReadonlySet<ErrorCode> = new Set([
  'action.refused',
  'action.unknown',
  'action.no_options',
  'environment.not_offered',
  'input.invalid',
  'plan.drifted',
  'grant.invalid',
  'grant.used',
]);

export interface HttpEndpointOptions {
  readonly name: string;
  readonly url: string;
  readonly grants: Grants;
}

/** A provider on the network: docs/spec/provider-protocol.md, spoken from the gateway's side. */
export class HttpEndpoint implements ProviderEndpoint {
  readonly #options: HttpEndpointOptions;

  constructor(options: HttpEndpointOptions) {
    this.#options = options;
  }

  async manifest(signal?: AbortSignal): Promise<Manifest> {
    const response = await this.#fetch('/manifest', { ...(signal !== undefined && { signal }) });
    return this.#parse(Manifest, this.#parseJson(await this.#text(response, MAX_MANIFEST_BYTES)));
  }

  async options(call: ProviderCall): Promise<Choice[]> {
    return this.#parse(Choices, await this.#json(await this.#post('options', call))).choices;
  }

  async plan(call: ProviderCall): Promise<Plan> {
    return this.#parse(Plan, await this.#json(await this.#post('plan', call)));
  }

  async observe(call: ProviderCall): Promise<Observation> {
    return this.#parse(Observation, await this.#json(await this.#post('observe', call)));
  }

  async ledger({ query, grant, signal }: LedgerCall): Promise<LedgerPage> {
    const headers = { authorization: `Bearer ${await this.#options.grants.sign(grant)}` };
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, value);
    return this.#parse(LedgerPage, await this.#json(await this.#fetch(`/ledger?${parameters}`, { signal, headers })));
  }

  async *run(call: ProviderCall): AsyncIterable<RunMessage> {
    const ended = new AbortController();
    const askToStop = (): void => void this.#askToStop(call, ended.signal);
    if (call.cancel?.aborted) askToStop();
    else call.cancel?.addEventListener('abort', askToStop, { once: true });
    try {
      const response = await this.#post('run', call);
      if (response.body === null) return;
      for await (const line of this.#lines(response.body)) {
        const message = this.#parse(RunMessage, this.#parseJson(line));
        yield message;
        if (message.type === 'result' || message.type === 'failure') return;
      }
    } finally {
      ended.abort();
      call.cancel?.removeEventListener('abort', askToStop);
    }
  }

  async tunnel(call: TunnelCall): Promise<void> {
    const { name, url, grants } = this.#options;
    await tunnelOverHttp(call, {
      url,
      token: await grants.sign(call.grant),
      protocolError: (what) => this.#protocolError(what),
      refusal: (error) => this.#refusal(error),
      networkError: (error) => this.#networkError(error, call.signal),
      gone: (isStopping) =>
        new GuichetError(
          'provider.unreachable',
          isStopping ? `Provider '${name}' is being started anew.` : `The connection to provider '${name}' broke.`,
          { remedy: 'Try again in a moment.' },
        ),
    });
  }

  /**
   * Asks the provider to stop the run, again until it knows of it: the wish may overtake the call of the run, or reach
   * another replica of the provider. Best effort: who wishes closes the connection when the run does not end in time.
   */
  async #askToStop({ body, grant, signal }: ProviderCall, ended: AbortSignal): Promise<void> {
    const wish = { environment: body.environment, input: {} };
    while (!ended.aborted) {
      const claims = this.#options.grants.claims({ ...grant, phase: 'cancel' }, wish, new Date());
      const answer = await this.#post('cancel', { body: wish, grant: claims, signal })
        .then((response) => this.#json(response))
        .then((value) => CancelAnswer.safeParse(value).data)
        .catch(() => undefined);
      if (answer?.running === true) return;
      await sleep(CANCEL_AGAIN_MS, undefined, { signal: ended }).catch(() => {});
    }
  }

  #post(phase: string, { body, grant, signal }: ProviderCall): Promise<Response> {
    return this.#options.grants.sign(grant).then((token) =>
      this.#fetch(`/actions/${encodeURIComponent(grant.action)}/${phase}`, {
        method: 'POST',
        signal,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    );
  }

  /** An answer that is a success; a problem document becomes its error. */
  async #fetch(path: string, init: RequestInit & { headers?: Readonly<Record<string, string>> }): Promise<Response> {
    let response: Response;
    try {
      const headers = { ...init.headers, ...traceHeaders() };
      response = await fetch(`${this.#options.url}${PROTOCOL_PATH}${path}`, { ...init, headers, redirect: 'error' });
    } catch (error) {
      throw this.#networkError(error, init.signal);
    }
    if (response.ok) return response;
    const text = await this.#text(response).catch(() => '');
    const problem = Problem.safeParse(parseJsonLoosely(text));
    if (problem.success) throw this.#refusal(fromProblem(problem.data, 'provider.failed'));
    throw this.#protocolError(`answered ${response.status} without a problem document`);
  }

  /** A provider speaks about its actions; what it says of tokens or of our database is not for our callers. */
  #refusal(error: GuichetError): GuichetError {
    if (SAYABLE.has(error.code) || error.code.startsWith('provider.')) return error;
    return new GuichetError('provider.failed', `Provider '${this.#options.name}' answered ${error.code}: ${error.message}`, {
      remedy: this.#remedy,
      cause: error,
    });
  }

  get #remedy(): string {
    return `Ask the team that runs provider '${this.#options.name}'.`;
  }

  #protocolError(what: string): GuichetError {
    return new GuichetError('provider.protocol', `Provider '${this.#options.name}' ${what}.`, { remedy: this.#remedy });
  }

  #networkError(error: unknown, signal: AbortSignal | null | undefined): unknown {
    if (signal?.aborted) return signal.reason;
    const { name, url } = this.#options;
    // fetch says what happened in a cause, a WebSocket at once.
    const causes = error instanceof Error ? [error, error.cause] : [];
    const code = causes.map((cause) => (cause instanceof Error && 'code' in cause ? String(cause.code) : '')).join('');
    // Only these prove that not a byte of the call reached the provider.
    const unsent = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT)$/.test(code);
    if (unsent)
      return new GuichetError('provider.unreachable', `Provider '${name}' cannot be reached at ${url} (${code}).`, {
        remedy: `Ask the team that runs '${name}', or try again in a moment.`,
        cause: error,
      });
    return new GuichetError('provider.failed', `The connection to provider '${name}' broke.`, {
      remedy: this.#remedy,
      cause: error,
    });
  }

  async #json(response: Response): Promise<unknown> {
    return this.#parseJson(await this.#text(response));
  }

  async #text(response: Response, most = MAX_BYTES): Promise<string> {
    if (response.body === null) return '';
    const chunks: string[] = [];
    let size = 0;
    try {
      for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
        size += chunk.length;
        if (size > most) throw this.#protocolError(`sent more than ${most} bytes`);
        chunks.push(chunk);
      }
    } catch (error) {
      // `TypeError: terminated` is what fetch says of a body that breaks off; whatever else ends it was our own wish.
      if (!(error instanceof TypeError)) throw error;
      throw new GuichetError('provider.failed', `The connection to provider '${this.#options.name}' broke while it answered.`, {
        remedy: this.#remedy,
        cause: error,
      });
    }
    return chunks.join('');
  }

  async *#lines(body: ReadableStream<Uint8Array>): AsyncIterable<string> {
    let begun: string[] = []; // pieces of the line that has no end yet; joined once, however many there are
    let length = 0;
    try {
      for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
        const [first = '', ...next] = chunk.split('\n');
        begun.push(first);
        length += first.length;
        if (length > MAX_BYTES) throw this.#protocolError(`sent a line of more than ${MAX_BYTES} bytes`);
        for (const piece of next) {
          const line = begun.join('');
          begun = [piece];
          length = piece.length;
          if (line.trim() !== '') yield line;
        }
      }
    } catch (error) {
      if (error instanceof GuichetError) throw error;
      throw new GuichetError('provider.failed', `The connection to provider '${this.#options.name}' broke while it ran.`, {
        remedy: this.#remedy,
        cause: error,
      });
    }
    // Half a line is no line: what it would have said is unknown.
  }

  #parse<Value>(schema: ZodType<Value>, value: unknown): Value {
    const checked = this.#checked(schema, value);
    if (checked.ok) return checked.value;
    const finding = checked.findings[0];
    throw this.#protocolError(`broke the protocol: ${finding?.field ?? '/'} ${finding?.message ?? 'is not valid'}`);
  }

  /** Whatever nests deeper than a walk can bear is nothing that this protocol has. */
  #checked<Value>(schema: ZodType<Value>, value: unknown): ReturnType<typeof check<Value>> {
    try {
      return check(schema, value);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw this.#protocolError('sent something that is nested too deeply');
    }
  }

  #parseJson(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch {
      // The error of JSON.parse quotes the text, which may hold what only the caller may see: it is not kept.
      throw this.#protocolError('sent something that is not JSON');
    }
  }
}

function parseJsonLoosely(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
