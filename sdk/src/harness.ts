import { randomUUID } from 'node:crypto';
import { type Duplex, duplexPair } from 'node:stream';
import {
  type CallBody,
  type Choice,
  type GrantClaims,
  GuichetError,
  type Observation,
  type Output,
  type Phase,
  type Plan,
  type ProviderCall,
  type ProviderFailure,
  type RunMessage,
  type TunnelEvent,
} from '@guichet/contract';
import { digestOf } from '@guichet/contract/digest';
import type { Approver, Caller } from './action.ts';
import { createCore } from './core.ts';
import { endpointOf } from './endpoint.ts';
import type { Provider } from './provider.ts';
import type { ProviderLogger } from './provider-logger.ts';

export interface HarnessOptions {
  /** `production` when absent. */
  readonly environment?: string;
  /** `user:tester` of team `testers` when absent. */
  readonly caller?: Partial<Caller>;
  readonly approvers?: readonly Approver[];
  /** Of every write: `REQ-1` when absent. */
  readonly request?: string;
  /** Silent when absent, so that a test of a failure does not look like one. */
  readonly logger?: ProviderLogger;
}

export interface HarnessRun {
  readonly plan: Plan;
  readonly runId: string;
  /** Exactly one of output and failure is defined; neither when the run's end is unknown. */
  readonly output: Output | undefined;
  readonly failure: ProviderFailure | undefined;
  /** The input with which the action's `undo` undoes this run; undefined when there is nothing to undo. */
  readonly undoInput: Record<string, unknown> | undefined;
  readonly logs: readonly string[];
  readonly progress: readonly { message?: string | undefined; done?: number | undefined; total?: number | undefined }[];
}

export interface RunChoices {
  /** An earlier plan, to run with what it saw although the world has moved. A new plan is made when absent. */
  readonly plan?: Plan;
  readonly runId?: string;
  /** Cancels the run, as the gateway would: the handler's own signal is aborted. */
  readonly signal?: AbortSignal;
  /** Called with each message as it comes. */
  readonly onMessage?: (message: RunMessage) => void;
}

export interface TunnelChoices extends Pick<CallBody, 'seen' | 'output' | 'hold'> {
  readonly runId?: string;
  /** Ends the tunnel, as the gateway would when the request is undone. */
  readonly signal?: AbortSignal;
  /** Called with each event; the tunnel goes on when it has resolved. */
  readonly record?: (event: TunnelEvent) => Promise<void> | void;
}

export interface HarnessTunnel {
  /** The side of the client. */
  readonly client: Duplex;
  /** What was recorded so far, in order. */
  readonly events: readonly TunnelEvent[];
  /** Settles when the tunnel is over. */
  readonly over: Promise<void>;
}

/** Calls the actions of a provider as the gateway would, with no gateway. Refusals reject with a GuichetError. */
export interface Harness {
  options(action: string, field: string, choices?: { query?: string; input?: Record<string, unknown> }): Promise<Choice[]>;
  /** Runs a read. A failure rejects with `provider.failed`. */
  read(action: string, input?: Record<string, unknown>, choices?: { signal?: AbortSignal }): Promise<Output>;
  plan(action: string, input?: Record<string, unknown>): Promise<Plan>;
  /** Plans a write and runs it, in the way of the gateway. A run that fails is told in `failure`. */
  run(action: string, input?: Record<string, unknown>, choices?: RunChoices): Promise<HarnessRun>;
  /** Opens a tunnel of a request that has succeeded, for a run that need not have been. Rejects when it is refused. */
  tunnel(action: string, input: Record<string, unknown>, choices?: TunnelChoices): Promise<HarnessTunnel>;
  observe(action: string, input: Record<string, unknown>, run: { runId: string; seen?: unknown }): Promise<Observation>;
}

const silent: ProviderLogger = { info() {}, warn() {}, error() {} };

/** A harness on the in-process endpoint, so that every check of the protocol applies. */
export function harness(provider: Provider, options: HarnessOptions = {}): Harness {
  const core = createCore(provider, { logger: options.logger ?? silent });
  const endpoint = endpointOf(core);
  const environment = options.environment ?? 'production';
  const caller = { id: 'user:tester', name: 'Tester', ...options.caller, teams: [...(options.caller?.teams ?? ['testers'])] };

  function call(phase: Phase, action: string, given: CallGiven): ProviderCall {
    const { runId = null, signal, ...rest } = given;
    const body: CallBody = { environment, ...rest };
    const grant: GrantClaims = {
      jti: randomUUID(),
      iss: 'harness',
      aud: provider.name,
      iat: new Date().toISOString(),
      exp: new Date(Date.now() + 60_000).toISOString(),
      phase,
      action,
      version: provider.actions.get(action)?.manifest.version ?? '',
      environment,
      caller,
      approvers: [...(options.approvers ?? [])],
      request: runId === null ? null : (options.request ?? 'REQ-1'),
      run: runId,
      body: digestOf(body),
    };
    return { body, grant, signal: new AbortController().signal, cancel: signal };
  }

  const plan = (action: string, input: Record<string, unknown> = {}) => endpoint.plan(call('plan', action, { input }));

  return {
    plan,
    options: (action, field, { query = '', input = {} } = {}) =>
      endpoint.options(call('options', action, { input, field, query })),
    observe: (action, input, { runId, seen }) => endpoint.observe(call('observe', action, { input, runId, seen })),

    async tunnel(action, input, { runId = randomUUID(), signal, record, ...rest } = {}) {
      const [client, stream] = duplexPair();
      const events: TunnelEvent[] = [];
      const opened = Promise.withResolvers<void>();
      const over = core.tunnel({
        ...call('tunnel', action, { input, runId, ...rest }),
        ...(signal !== undefined && { signal }),
        accept: async () => {
          opened.resolve();
          return stream;
        },
        record: async (event) => {
          await record?.(event);
          events.push(event);
        },
      });
      over.then(
        () => stream.end(),
        (error) => {
          opened.reject(error);
          stream.destroy();
        },
      );
      await opened.promise;
      return { client, events, over };
    },

    async read(action, input = {}, { signal } = {}) {
      const { output, failure } = await listen(endpoint.run(call('run', action, { input, signal })));
      if (output) return output;
      const { message, remedy } = failure ?? { message: 'The run ended without a result.' };
      throw new GuichetError('provider.failed', message, { remedy });
    },

    async run(action, input = {}, choices = {}) {
      const made = choices.plan ?? (await plan(action, input));
      const runId = choices.runId ?? randomUUID();
      const given = { input, runId, seen: made.seen, signal: choices.signal };
      return { plan: made, runId, ...(await listen(endpoint.run(call('run', action, given)), choices.onMessage)) };
    },
  };
}

interface CallGiven extends Omit<CallBody, 'environment'> {
  readonly runId?: string | null;
  readonly signal?: AbortSignal | undefined;
}

async function listen(messages: AsyncIterable<RunMessage>, onMessage?: (message: RunMessage) => void) {
  const logs: string[] = [];
  const progress: HarnessRun['progress'][number][] = [];
  let output: Output | undefined;
  let failure: ProviderFailure | undefined;
  let undoInput: Record<string, unknown> | undefined;
  for await (const message of messages) {
    onMessage?.(message);
    if (message.type === 'log') logs.push(message.message);
    if (message.type === 'progress') progress.push({ message: message.message, done: message.done, total: message.total });
    if (message.type === 'result') ({ output, undoInput } = message);
    if (message.type === 'failure') failure = message.failure;
  }
  return { output, failure, undoInput, logs, progress };
}
