import {
  type Actor,
  type CallBody,
  type Choice,
  GuichetError,
  type Observation,
  type Output,
  type Phase,
  type Plan,
  type ProviderCall,
  type ProviderFailure,
  type RunMessage,
  type RunOutcome,
  type TunnelCall,
} from '@guichet/contract';
import { digestOf } from '@guichet/contract/digest';
import type { SecretValue } from '@guichet/contract/secrets';
import { context, SpanKind, trace } from '@opentelemetry/api';
import { unstorable } from '../findings/index.ts';
import { inSpan, type Metrics, type ProviderPhase, spanFailed, streamIn, tracer } from '../telemetry/index.ts';
import type { CatalogAction } from './catalog.ts';
import { Discretion } from './discretion.ts';
import type { Grants } from './grants.ts';

/** How long a provider may take to answer, in seconds; a read or a run has its action's own time limit. */
const LIMIT_SECONDS = { options: 5, plan: 15, observe: 15 } as const;

export interface CallSubject {
  readonly found: CatalogAction;
  readonly environment: string;
  /** Whole, secrets and all. */
  readonly input: Readonly<Record<string, unknown>>;
  /** The secrets in it: what the provider says of them is kept back. */
  readonly secrets?: readonly SecretValue[] | undefined;
  readonly caller: Actor & { readonly teams: readonly string[] };
  /** Ends the call early. */
  readonly signal?: AbortSignal | undefined;
  /** When the permission was given: its 60 s count from then. Now when absent. */
  readonly grantedAt?: Date | undefined;
}

/** How a provider said that a run ended, as it came and before secrets were taken out. */
export interface ProviderEnd {
  readonly status: RunOutcome;
  /** Digest of the output or failure; undefined when it has none. */
  readonly digest: string | undefined;
  /** The receipt that came with it. */
  readonly token: string | undefined;
}

export interface RunSubject extends CallSubject {
  /** `jti` of the grant; a new one when absent. */
  readonly grantId?: string | undefined;
  /** Told of the end that the provider says, before anybody else. */
  readonly onEnd?: ((end: ProviderEnd) => void) | undefined;
  readonly approvers: readonly Actor[];
  readonly request: string;
  readonly run: string;
  readonly seen: unknown;
}

export interface TunnelSubject extends RunSubject, Pick<TunnelCall, 'accept' | 'record'> {
  readonly output: Output | null;
  readonly hold: boolean;
  readonly signal: AbortSignal;
}

/** Calls of providers, each with its grant and its time limit. Rejects with `provider.*`, `action.refused` or `input.invalid`. */
export class ProviderCalls {
  readonly #grants: Grants;
  readonly #now: () => Date;
  readonly #metrics: Metrics | undefined;

  constructor({ grants, now, metrics }: { grants: Grants; now: () => Date; metrics?: Metrics | undefined }) {
    this.#grants = grants;
    this.#now = now;
    this.#metrics = metrics;
  }

  async options(subject: CallSubject & { field: string; query: string }): Promise<Choice[]> {
    const { field, query } = subject;
    const choices = await this.#limited(subject, { phase: 'options', seconds: LIMIT_SECONDS.options }, (signal) =>
      subject.found.endpoint.options(this.#call('options', subject, signal, { field, query })),
    );
    return discretionOf(subject)?.choices(choices) ?? choices;
  }

  async plan(subject: CallSubject): Promise<Plan> {
    const said = await this.#limited(subject, { phase: 'plan', seconds: LIMIT_SECONDS.plan }, (signal) =>
      subject.found.endpoint.plan(this.#call('plan', subject, signal)),
    );
    const plan = discretionOf(subject)?.plan(said) ?? said;
    const finding = unstorable(plan);
    if (finding === undefined) return plan;
    const { provider, team } = subject.found.action;
    throw new GuichetError('provider.protocol', `The plan of provider '${provider}': ${finding.field} ${finding.message}.`, {
      remedy: `Ask team '${team}', which runs it.`,
    });
  }

  /** A read: its output. */
  async read(subject: CallSubject): Promise<Output> {
    const { action } = subject.found;
    return this.#limited(subject, { phase: 'read', seconds: action.timeoutSeconds }, async (signal) => {
      for await (const message of quietly(subject, subject.found.endpoint.run(this.#call('run', subject, signal)))) {
        if (message.type === 'result') return message.output;
        if (message.type === 'failure') {
          const {
            kind,
            message: text,
            remedy = `Ask team '${action.team}', which runs provider '${action.provider}'.`,
          } = message.failure;
          throw new GuichetError('provider.failed', text, { remedy, details: { kind } });
        }
      }
      throw new GuichetError(
        'provider.protocol',
        `Provider '${action.provider}' ended the answer of ${action.id} without a result.`,
        { remedy: `Ask team '${action.team}', which runs it.` },
      );
    });
  }

  /** The stream of the run of a write. The caller owns the time limit, through its signals. */
  run(subject: RunSubject & { signal: AbortSignal; cancel: AbortSignal }): AsyncIterable<RunMessage> {
    const call = { ...this.#runCall('run', subject, subject.signal), cancel: subject.cancel };
    return quietly(subject, this.#toldRun(subject, subject.found.endpoint.run(call)));
  }

  /** Carries one tunnel of a run that has succeeded; settles when it is over. Whoever calls owns its signal. */
  async tunnel(subject: TunnelSubject): Promise<void> {
    const { endpoint, action } = subject.found;
    const { output, hold, accept, record, signal } = subject;
    if (endpoint.tunnel === undefined)
      throw new GuichetError('provider.protocol', `Provider '${action.provider}' cannot be connected to.`);
    const more = { ...(output !== null && { output }), ...(hold && { hold }) };
    const call = this.#runCall('tunnel', subject, signal, more);
    await this.#told(subject, 'tunnel', () => endpoint.tunnel?.({ ...call, accept, record }) ?? Promise.resolve());
  }

  async observe(subject: RunSubject): Promise<Observation> {
    const observation = await this.#limited(subject, { phase: 'observe', seconds: LIMIT_SECONDS.observe }, (signal) =>
      subject.found.endpoint.observe(this.#runCall('observe', subject, signal)),
    );
    if (observation.status === 'succeeded' || observation.status === 'failed') subject.onEnd?.(endSaid(observation));
    return discretionOf(subject)?.observation(observation) ?? observation;
  }

  #call(phase: Phase, subject: CallSubject, signal: AbortSignal, more: Partial<CallBody> = {}): ProviderCall {
    const { found, environment, input, caller } = subject;
    const body: CallBody = { environment, input: { ...input }, ...more };
    const { name: action, provider: aud, version } = found.action;
    const { id, name, teams } = caller;
    const grant = this.#grants.claims(
      {
        aud,
        phase,
        action,
        version,
        environment,
        caller: { id, name, teams: [...teams] },
        approvers: [],
        request: null,
        run: null,
      },
      body,
      subject.grantedAt ?? this.#now(),
    );
    return { body, grant, signal };
  }

  #runCall(phase: Phase, subject: RunSubject, signal: AbortSignal, more: Partial<CallBody> = {}): ProviderCall {
    const { seen, approvers, request, run, grantId } = subject;
    const { body, grant } = this.#call(phase, subject, signal, { ...(seen !== undefined && { seen }), ...more });
    const named = approvers.map(({ id, name }) => ({ id, name }));
    return { body, grant: { ...grant, ...(grantId !== undefined && { jti: grantId }), approvers: named, request, run }, signal };
  }

  /** A call that is traced, and counted by what came of it. */
  async #told<Result>(subject: CallSubject, phase: ProviderPhase, work: () => Promise<Result>): Promise<Result> {
    const startedAt = performance.now();
    let outcome = 'ok';
    try {
      return await inSpan(`provider ${phase}`, spanOf(subject, phase), work);
    } catch (error) {
      outcome = error instanceof GuichetError ? error.code : 'internal';
      throw error;
    } finally {
      const seconds = (performance.now() - startedAt) / 1000;
      this.#metrics?.providerCalled({ provider: subject.found.action.provider, phase, outcome, seconds });
    }
  }

  /** The same for a stream: it is one call from its first step to its last. */
  #toldRun(subject: RunSubject, messages: AsyncIterable<RunMessage>): AsyncIterable<RunMessage> {
    const { provider } = subject.found.action;
    const startedAt = performance.now();
    const span = tracer().startSpan('provider run', spanOf(subject, 'run'));
    let outcome = 'broken'; // a stream that ends without a last word
    return streamIn(trace.setSpan(context.active(), span), messages, {
      onItem: (message) => {
        if (message.type === 'result') outcome = 'ok';
        if (message.type === 'failure') outcome = 'provider.failed';
        if (message.type === 'result' || message.type === 'failure') subject.onEnd?.(endSaid(message));
      },
      onEnd: (error) => {
        if (error !== undefined) outcome = error instanceof GuichetError ? error.code : 'internal';
        if (outcome !== 'ok') spanFailed(span, outcome);
        span.end();
        const seconds = (performance.now() - startedAt) / 1000;
        this.#metrics?.providerCalled({ provider, phase: 'run', outcome, seconds });
      },
    });
  }

  #limited<Result>(
    subject: CallSubject,
    { phase, seconds }: { phase: ProviderPhase; seconds: number },
    work: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    return this.#told(subject, phase, () => this.#withinTime(subject, seconds, work));
  }

  async #withinTime<Result>(
    subject: CallSubject,
    seconds: number,
    work: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const limit = AbortSignal.timeout(seconds * 1000);
    const signal = subject.signal === undefined ? limit : AbortSignal.any([limit, subject.signal]);
    try {
      return await raceAbort(work(signal), signal);
    } catch (error) {
      if (limit.aborted)
        throw new GuichetError(
          'provider.timeout',
          `Provider '${subject.found.action.provider}' did not answer within ${seconds} s.`,
          {
            remedy: 'Try again; if it lasts, ask the team that runs the provider.',
          },
        );
      throw discretionOf(subject)?.error(error) ?? error;
    }
  }
}

function endSaid(
  end: { output: Output; receipt?: string | undefined } | { failure: ProviderFailure; receipt?: string | undefined },
): ProviderEnd {
  const token = end.receipt;
  if ('output' in end) return { status: 'succeeded', digest: digestOfWhatCame(end.output), token };
  return { status: end.failure.kind === 'cancelled' ? 'cancelled' : 'failed', digest: digestOfWhatCame(end.failure), token };
}

/** What has no canonical form, such as half a character, has no digest; the run goes on all the same. */
export function digestOfWhatCame(value: unknown): string | undefined {
  try {
    return digestOf(value);
  } catch {
    return undefined;
  }
}

const spanOf = ({ found, environment }: CallSubject, phase: string) => ({
  kind: SpanKind.CLIENT,
  attributes: {
    'guichet.provider': found.action.provider,
    'guichet.action': found.action.id,
    'guichet.environment': environment,
    'guichet.phase': phase,
  },
});

function discretionOf({ secrets = [], found }: CallSubject): Discretion | undefined {
  return Discretion.of(secrets, found.action);
}

function quietly(subject: CallSubject, messages: AsyncIterable<RunMessage>): AsyncIterable<RunMessage> {
  return discretionOf(subject)?.messages(messages) ?? messages;
}

/** A provider that ignores its signal must not hold the caller. */
function raceAbort<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
