import { type Failure, GuichetError, type Output, type Plan, type ProviderFailure } from '@guichet/contract';
import type { ProviderCalls, RunSubject } from '../catalog/index.ts';
import type { Bus, Database } from '../db/index.ts';
import {
  failureOf,
  type LifeEvent,
  type RequestRow,
  requestName,
  type Standing,
  standingOf,
  type Windows,
  type World,
} from '../requests/index.ts';
import { Journal } from './journal.ts';
import { appendLines } from './store.ts';
import type { Transitions } from './transitions.ts';

/** Why a run is being stopped. */
export type StopReason = 'cancel' | 'deadline' | 'fenced_out' | 'drain';

export interface ExecutionOptions extends World {
  readonly db: Database;
  readonly bus: Bus;
  readonly calls: ProviderCalls;
  readonly transitions: Transitions;
  readonly windows: Windows;
  /** How long a provider that was asked to stop may take to say how it ended, in ms. */
  readonly graceMs: number;
  readonly onError: (error: unknown) => void;
}

/** Refusals of a provider that come before its handler: nothing was done. */
const NOTHING_DONE = new Set(['action.refused', 'action.unknown', 'input.invalid', 'grant.invalid']);

/**
 * One claimed request, from the claim to its end:
 * policy again -> plan again -> `dispatched` committed -> the provider's stream -> the end committed.
 * Before the dispatch nothing can have happened, so every failure there is void or another try. After it, an end that
 * nobody saw is `unknown`.
 */
export class Execution {
  readonly #options: ExecutionOptions;
  readonly #row: RequestRow;
  readonly #cancel = new AbortController();
  readonly #close = new AbortController();
  #stopReason: StopReason | undefined;
  #timers: NodeJS.Timeout[] = [];

  constructor(row: RequestRow, options: ExecutionOptions) {
    this.#row = row;
    this.#options = options;
  }

  get row(): RequestRow {
    return this.#row;
  }

  /** Asks the provider to stop, and closes the connection when it takes longer than the grace. */
  stop(reason: StopReason): void {
    if (this.#stopReason !== undefined) return;
    this.#stopReason = reason;
    this.#cancel.abort(reason);
    if (reason === 'fenced_out') this.#close.abort(reason);
    else this.#timers.push(setTimeout(() => this.#close.abort(reason), this.#options.graceMs));
  }

  /** Resolves when the end is committed, or belongs to somebody else. Never rejects for what a provider does. */
  async run(): Promise<void> {
    try {
      const standing = await this.#preflight();
      if (standing === undefined) return;
      const deadlineAt = new Date(Date.now() + this.#row.timeoutSeconds * 1000);
      if ((await this.#commit({ type: 'dispatch', deadlineAt })) !== 'running') return;
      this.#timers.push(setTimeout(() => this.stop('deadline'), this.#row.timeoutSeconds * 1000));
      await this.#commit(await this.#call(standing));
    } finally {
      for (const timer of this.#timers) clearTimeout(timer);
    }
  }

  /** Policy and plan once more. Undefined when the request has been ended or put back. */
  async #preflight(): Promise<Extract<Standing, { holds: true }> | undefined> {
    const standing = standingOf(this.#row, this.#options);
    if (!standing.holds) return this.#end({ type: 'void', failure: standing.failure });
    if (standing.decision.effect === 'needs') {
      const teams = standing.decision.gates.map(({ team }) => `'${team}'`).join(', ');
      return this.#end({
        type: 'void',
        failure: policyFailure(`It now needs an approval of team ${teams} that it does not have.`),
      });
    }
    if (!standing.found.action.available)
      return this.#end(this.#again(standing.found.action.unavailableReason ?? 'The provider is not available.'));
    let plan: Plan;
    try {
      plan = await this.#options.calls.plan({ ...this.#subject(standing), signal: this.#close.signal });
    } catch (error) {
      const transient = error instanceof GuichetError && error.code.startsWith('provider.');
      return this.#end(transient ? this.#again(error.message) : { type: 'void', failure: failureOf(error) });
    }
    if (plan.fingerprint === this.#row.plan.fingerprint) return standing;
    const message = `Things have moved since it was approved. Then: ${this.#row.plan.summary} Now: ${plan.summary}`;
    return this.#end({
      type: 'void',
      drift: plan,
      failure: { code: 'plan.drifted', message, remedy: 'Look at the new plan and file it again.', retryable: false },
    });
  }

  async #end(event: LifeEvent): Promise<undefined> {
    await this.#commit(event);
    return undefined;
  }

  /** Calls the provider and turns what comes into the event that ends the run. */
  async #call(standing: Extract<Standing, { holds: true }>): Promise<LifeEvent> {
    const journal = new Journal({
      write: async (lines) => {
        const ours = await appendLines(this.#options.db, this.#row, lines);
        if (ours) this.#options.bus.publish(`request:${this.#row.number}`);
        return ours;
      },
      onFencedOut: () => this.stop('fenced_out'),
      onError: this.#options.onError,
    });
    try {
      const subject = { ...this.#subject(standing), signal: this.#close.signal, cancel: this.#cancel.signal };
      for await (const message of abortable(this.#options.calls.run(subject), this.#close.signal)) {
        if (message.type === 'result') return { type: 'succeed', output: message.output satisfies Output };
        if (message.type === 'failure') return this.#failed(message.failure);
        if (message.type !== 'heartbeat') journal.add(message);
      }
      return this.#lost('The provider ended its answer without saying how the run ended.');
    } catch (error) {
      return this.#broken(error);
    } finally {
      await journal.flush();
    }
  }

  #failed({ kind, message, remedy }: ProviderFailure): LifeEvent {
    const failure: Failure = {
      code: 'run.failed',
      message,
      retryable: kind === 'retryable',
      ...(remedy !== undefined && { remedy }),
    };
    if (this.#stopReason === 'deadline') {
      const text = `It took longer than its limit of ${this.#row.timeoutSeconds} s and was stopped: ${message}`;
      return { type: 'fail', failure: { ...failure, code: 'run.deadline_exceeded', message: text } };
    }
    if (kind === 'cancelled' && this.#stopReason === 'cancel') return { type: 'confirm_cancel' };
    if (kind === 'cancelled' && this.#stopReason === 'drain') return this.#lost('The gateway stopped while it ran.');
    if (kind === 'retryable' && this.#row.idempotent && this.#row.attempt < 5) return this.#again(message);
    return { type: 'fail', failure };
  }

  #broken(error: unknown): LifeEvent {
    if (!(error instanceof GuichetError))
      return this.#lost(
        this.#stopReason === 'deadline' ? 'It did not stop at its time limit.' : 'The call of the provider was cut off.',
      );
    if (error.code === 'provider.unreachable') return { ...this.#again(error.message), unsent: true };
    if (NOTHING_DONE.has(error.code)) return { type: 'fail', failure: failureOf(error) };
    return this.#lost(error.message);
  }

  #lost(message: string): LifeEvent {
    const now = Date.now();
    return { type: 'lose', message, observeAt: new Date(now), expiresAt: new Date(now + this.#options.windows.startMs) };
  }

  /** Another try, later each time: 1, 2, 4 ... 30 s. */
  #again(message: string): Extract<LifeEvent, { type: 'requeue' }> {
    const now = Date.now();
    const delay = Math.min(30_000, 1000 * 2 ** (this.#row.attempt - 1));
    return {
      type: 'requeue',
      failure: { code: 'provider.unreachable', message, retryable: true },
      runAfter: new Date(now + delay),
      expiresAt: new Date(now + this.#options.windows.startMs),
      unsent: false,
    };
  }

  #subject({ found, requester }: Extract<Standing, { holds: true }>): RunSubject {
    const { environment, input, approvals, plan, runId } = this.#row;
    if (runId === null) throw new GuichetError('internal', `${requestName(this.#row)} was claimed without a run id.`);
    return {
      found,
      environment,
      input,
      caller: requester,
      approvers: approvals.map(({ by }) => by),
      request: requestName(this.#row),
      run: runId,
      seen: plan.seen,
    };
  }

  #commit(event: LifeEvent): Promise<string | undefined> {
    return this.#options.transitions.commit(this.#row, event, () => this.#stopReason === 'fenced_out');
  }
}

function policyFailure(message: string): Failure {
  return { code: 'policy.denied', message, remedy: 'File it again.', retryable: false };
}

/** The messages of a stream until the signal aborts; then it rejects, also when the provider ignores the signal. */
async function* abortable<Message>(stream: AsyncIterable<Message>, signal: AbortSignal): AsyncIterable<Message> {
  const iterator = stream[Symbol.asyncIterator]();
  const aborted = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  aborted.catch(() => {});
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), aborted]);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    // Not awaited: a generator that hangs in its handler would hold us here.
    iterator.return?.()?.catch(() => {});
  }
}
