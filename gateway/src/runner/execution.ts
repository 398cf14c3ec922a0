import { randomUUID } from 'node:crypto';
import { approversInWords, ERRORS, type Failure, GuichetError, type Plan } from '@guichet/contract';
import type { ProviderCalls, ProviderEnd, RunSubject } from '../catalog/index.ts';
import type { Bus, Database } from '../db/index.ts';
import type { EndHeard } from '../receipts/index.ts';
import {
  failureOf,
  type LifeEvent,
  openInput,
  placeOf,
  type RequestRow,
  requestName,
  type Standing,
  standingOf,
  undoFrom,
  type Windows,
  type World,
} from '../requests/index.ts';
import type { Sealer } from '../sealing/index.ts';
import { again, endOfError, endOfFailure, lost, type StopReason } from './ending.ts';
import { runExtension } from './extension.ts';
import { Journal } from './journal.ts';
import { appendLines } from './store.ts';
import { abortable } from './stream.ts';
import type { RunFacts, Transitions } from './transitions.ts';

export interface ExecutionOptions extends World {
  readonly db: Database;
  readonly bus: Bus;
  readonly calls: ProviderCalls;
  readonly transitions: Transitions;
  readonly sealer: Sealer;
  readonly windows: Windows;
  /** How long a provider that was asked to stop may take to say how it ended, in ms. */
  readonly graceMs: number;
  readonly onError: (error: unknown) => void;
}

type Held = Extract<Standing, { holds: true }>;

/** How a call ended, and what the provider said of it. */
interface Ended {
  readonly event: LifeEvent;
  readonly end?: EndHeard | undefined;
}

/**
 * What the provider will be called with (an extension calls nobody), or what ends the request, or puts it back, before any
 * call: nothing when it is somebody else's by now.
 */
type Preflight = { readonly subject: RunSubject | undefined } | { readonly event: LifeEvent | undefined };

/**
 * One claimed request, from the claim to its end:
 * policy again -> plan again -> `dispatched` committed -> the provider's stream -> the end committed.
 * Before the dispatch nothing can have happened, so every failure there is void or another try. After it, an end that
 * nobody saw is `unknown`.
 */
export class Execution {
  readonly #options: ExecutionOptions;
  readonly #row: RequestRow;
  readonly #stops = new Set<StopReason>();
  readonly #cancel = new AbortController();
  readonly #close = new AbortController();
  #sent = false;
  #ended = false;
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
    if (this.#ended || this.#stops.has(reason)) return;
    this.#stops.add(reason);
    this.#cancel.abort(reason);
    // Before the call there is nothing that needs time to stop; a run that is somebody else's is theirs to stop.
    if (!this.#sent || reason === 'fenced_out') this.#close.abort(reason);
    else this.#timers.push(setTimeout(() => this.#close.abort(reason), this.#options.graceMs));
  }

  /**
   * Resolves when the end is committed, or belongs to somebody else. Never rejects for what a provider does. `claimed` is
   * true once the claim is committed, false when it never will be: until then policy and plan are asked, for they change nothing.
   */
  async run(claimed: Promise<boolean>): Promise<void> {
    try {
      const [isOurs, preflight] = await Promise.all([claimed, this.#preflight()]);
      if (!isOurs) return;
      if ('event' in preflight) {
        if (preflight.event !== undefined) await this.#commit(preflight.event);
        return;
      }
      const { subject } = preflight;
      if (subject === undefined) return await runExtension(this.#row, this.#options);
      // The grant dates from before the dispatch: whoever finds the run lost knows when its call can arrive no more.
      const grantedAt = new Date();
      const grantId = randomUUID();
      if (!(await this.#dispatch({ id: grantId, issuedAt: grantedAt, provider: subject.found.action.provider }))) return;
      this.#sent = true;
      this.#timers.push(setTimeout(() => this.stop('deadline'), this.#row.timeoutSeconds * 1000));
      const { event, end } = await this.#call({ ...subject, grantedAt, grantId });
      await this.#commit(event, end);
    } finally {
      this.#ended = true;
      for (const timer of this.#timers) clearTimeout(timer);
    }
  }

  /** Policy and plan once more. Writes nothing. */
  async #preflight(): Promise<Preflight> {
    let standing: Held | LifeEvent;
    try {
      standing = await this.#standing();
    } catch (error) {
      if (!(error instanceof GuichetError) || error.code !== 'action.unavailable') throw error;
      return { event: again(failureOf(error), this.#about) };
    }
    if (!('holds' in standing)) return { event: standing };
    if (this.#row.extensionOf !== null) return { subject: undefined };
    const { available, unavailableReason = 'The provider is not available.' } = standing.found.action;
    if (!available)
      return { event: again({ code: 'action.unavailable', message: unavailableReason, retryable: true }, this.#about) };
    let subject: RunSubject;
    let plan: Plan;
    let moved: string | undefined;
    try {
      subject = await this.#subject(standing);
      plan = await this.#options.calls.plan({ ...subject, signal: this.#close.signal });
      moved = this.#movedSince(plan, standing.found.action.team);
    } catch (error) {
      return { event: this.#close.signal.aborted ? this.#stoppedUnsent() : this.#unplanned(error) };
    }
    if (moved === undefined) return { subject };
    const message = `${moved} Then: ${this.#row.plan.summary} Now: ${plan.summary}`;
    const failure = {
      code: 'plan.drifted',
      message,
      remedy: 'Look at the new plan and file it again.',
      retryable: false,
    } as const;
    return { event: { type: 'void', drift: plan, failure } };
  }

  /** Policy once more: what holds, or the event that ends the request. */
  async #standing(): Promise<Held | LifeEvent> {
    const standing = await standingOf(this.#options.db, this.#row, { world: this.#options });
    if (!standing.holds) return { type: 'void', failure: standing.failure };
    if (standing.decision.effect !== 'needs') return standing;
    const who = standing.decision.gates.map(({ approvers }) => approversInWords(approvers)).join(', ');
    const message = `It now needs an approval of ${who} that it does not have.`;
    return {
      type: 'void',
      failure: { code: 'policy.denied', message, remedy: 'File it again.', retryable: false },
    };
  }

  /** What is no longer as it was approved; undefined when all of it is. Whoever owns it now has approved nothing. */
  #movedSince({ fingerprint, resource }: Plan, providerTeam: string): string | undefined {
    const { plan, resourceType, resourceId, ownerTeam } = this.#row;
    if (fingerprint !== plan.fingerprint) return 'Things have moved since it was approved.';
    if (resource.type !== resourceType || resource.id !== resourceId) return 'It would act on something else than was approved.';
    const { owner, service } = placeOf(resource, { team: providerTeam, company: this.#options.directory.company });
    if (service !== plan.resource.service) return 'It is of another service than was approved.';
    return owner === ownerTeam ? undefined : `It belongs to team '${owner}' now, no longer to team '${ownerTeam}'.`;
  }

  /** A provider that cannot plan now may be able to later, and so may a key that cannot be asked; a refusal has ended it. */
  #unplanned(error: unknown): LifeEvent {
    const transient = error instanceof GuichetError && (error.code.startsWith('provider.') || ERRORS[error.code].retryable);
    return transient ? again(failureOf(error), this.#about) : { type: 'void', failure: failureOf(error) };
  }

  /** True when the call may be made. */
  async #dispatch(grant: NonNullable<RunFacts['grant']>): Promise<boolean> {
    let state: string | undefined;
    try {
      const event = { type: 'dispatch', timeoutMs: this.#row.timeoutSeconds * 1000 } as const;
      state = await this.#options.transitions.once(this.#row, event, { grant });
    } catch (error) {
      // Committed or not, nobody knows. Nothing was sent, so it is put back either way.
      this.#options.onError(error);
      await this.#commit(again(failureOf(error), this.#about, { unsent: true }));
      return false;
    }
    if (state !== 'running') return false;
    if (!this.#cancel.signal.aborted) return true;
    const event = this.#stoppedUnsent();
    if (event !== undefined) await this.#commit(event);
    return false;
  }

  /** The end of a run that was stopped before its call. */
  #stoppedUnsent(): LifeEvent | undefined {
    if (this.#stops.has('fenced_out')) return undefined;
    if (this.#stops.has('cancel')) return { type: 'confirm_cancel' };
    const failure: Failure = { code: 'gateway.draining', message: 'The gateway that had taken it is stopping.', retryable: true };
    return again(failure, this.#about, { unsent: true, delayMs: 0 });
  }

  /** Calls the provider and turns what comes into the event that ends the run. */
  async #call(subject: RunSubject): Promise<Ended> {
    let said: ProviderEnd | undefined;
    const heard = (shown: EndHeard['shown']): EndHeard | undefined =>
      said && { said, shown, declared: subject.found.signsReceipts };
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
      const onEnd = (end: ProviderEnd): void => {
        said = end;
      };
      const call = { ...subject, onEnd, signal: this.#close.signal, cancel: this.#cancel.signal };
      for await (const message of abortable(this.#options.calls.run(call), this.#close.signal)) {
        if (message.type === 'result') {
          const undo = undoFrom(this.#options.catalog, subject.found, message.undoInput);
          return { event: { type: 'succeed', output: message.output, undo }, end: heard(message.output) };
        }
        if (message.type === 'failure') return { event: endOfFailure(message.failure, this.#about), end: heard(message.failure) };
        if (message.type !== 'heartbeat') journal.add(message);
      }
      return { event: lost('The provider ended its answer without saying how the run ended.', this.#about) };
    } catch (error) {
      return { event: endOfError(error, this.#about) };
    } finally {
      await journal.close(() => this.#givenUp);
    }
  }

  async #subject({ found, requester }: Held): Promise<RunSubject> {
    const { environment, approvals, plan, runId } = this.#row;
    if (runId === null) throw new GuichetError('internal', `${requestName(this.#row)} was claimed without a run id.`);
    const { input, secrets } = await openInput(this.#row, this.#options);
    return {
      found,
      environment,
      input,
      secrets,
      caller: requester,
      approvers: approvals.filter(({ former }) => former !== true).map(({ by }) => by),
      request: requestName(this.#row),
      run: runId,
      seen: plan.seen,
    };
  }

  get #about() {
    return { row: this.#row, stops: this.#stops, startWindowMs: this.#options.windows.startMs };
  }

  /** True when it is no use to wait for the database any longer: others own the run, or will find it by its lease. */
  get #givenUp(): boolean {
    return this.#stops.has('fenced_out') || (this.#stops.has('drain') && this.#close.signal.aborted);
  }

  #commit(event: LifeEvent, end?: EndHeard): Promise<string | undefined> {
    return this.#options.transitions.commit(this.#row, event, () => this.#givenUp, { end });
  }
}
