import {
  type GrantClaims,
  GuichetError,
  type LedgerStatus,
  type Observation,
  type RunMessage,
  type RunOutcome,
} from '@guichet/contract';
import { digestOf } from '@guichet/contract/digest';
import type { DescribedAction } from './describe-action.ts';
import type { HandlerSite } from './handler-errors.ts';
import type { Ledger, LedgerIntent, LedgerRecord, ToldEnd } from './ledger.ts';
import type { ReceiptSigner } from './receipt-signer.ts';

/** Longer ones are not kept: the ledger is no second store of outputs. In characters of JSON. */
const MOST_TOLD = 16_384;
/** A run is told to stop at its time limit; so much later, in ms, its handler should be over. It need not be. */
const DEADLINE_MARGIN = 10_000;

/** That nothing is there yet says nothing of a handler that may be on its way to it. */
const CANNOT_TELL: Observation = {
  status: 'unknown',
  message:
    'It was begun, its effect is not there, and whether the process that began it still lives cannot be told from here. Make sure that it does not, and look again.',
};

export type RunEnd = Extract<RunMessage, { type: 'result' | 'failure' }>;
type Observed = Extract<Observation, { status: 'succeeded' | 'failed' }>;

export interface RecordOptions {
  /** Name of the provider. */
  readonly provider: string;
  readonly ledger: Ledger;
  /** Undefined: no receipts. */
  readonly signer: Promise<ReceiptSigner> | undefined;
}

/** What a provider writes down about its runs, before and after their handlers. */
export class RunRecord {
  readonly #options: RecordOptions;

  constructor(options: RecordOptions) {
    this.#options = options;
  }

  /** The last check of a run: written down before its handler begins. Throws `grant.used`, or `action.unavailable`. */
  async begin(
    grant: GrantClaims,
    { action, input, site }: { action: DescribedAction; input: Record<string, unknown>; site: HandlerSite },
  ): Promise<void> {
    const now = Date.now();
    const { request, run } = grant;
    if (request === null || run === null) throw new GuichetError('internal', 'A run without a name was to be recorded.');
    const intent: LedgerIntent = {
      grant: grant.jti,
      run,
      request,
      action: grant.action,
      environment: grant.environment,
      // As the gateway keeps it: of a short secret the digest would tell as much as the secret.
      input: digestOf(action.secretFields?.takeOut(input).shown ?? input),
      startedAt: new Date(now).toISOString(),
      issuedAt: new Date(grant.iat).toISOString(),
      deadlineAt: new Date(now + action.manifest.timeoutSeconds * 1000 + DEADLINE_MARGIN).toISOString(),
    };
    if (await this.#durably(() => this.#options.ledger.begin(intent), site)) return;
    throw new GuichetError('grant.used', 'The grant was used already, or was issued before this provider had its ledger.', {
      remedy: 'Observe the run to learn what became of it.',
    });
  }

  /** True: it has not begun, and never will. False: it was admitted before. Throws `action.unavailable`. */
  close(run: string, site: HandlerSite): Promise<boolean> {
    return this.#durably(() => this.#options.ledger.close(run), site);
  }

  /** A run that was admitted and whose handler will not be entered. */
  async notEntered(run: string, site: HandlerSite): Promise<void> {
    await this.#write(run, { status: 'not_started' }, site);
  }

  /**
   * The end of a handler, written down before anybody hears of it, with its receipt. Undefined: how it ended is not known.
   * Never rejects: the effect is there, and a ledger that cannot be written must not hide it.
   */
  async end<End extends RunEnd>(
    run: string,
    last: End | undefined,
    about: { action: DescribedAction; site: HandlerSite },
  ): Promise<End | undefined> {
    if (last === undefined) {
      await this.#write(run, { status: 'unknown' }, about.site);
      return undefined;
    }
    const receipt = await this.#finish(run, { status: statusOf(last), told: toldOf(last) }, about);
    return receipt === undefined ? last : { ...last, receipt };
  }

  /** What the ledger alone can say of a run; undefined when its author has to be asked. Throws `action.unavailable`. */
  async known(run: string, site: HandlerSite): Promise<Observation | undefined> {
    const record = await this.#durably(() => this.#options.ledger.find(run), site);
    if (record === undefined) return undefined;
    if (record.handler === 'running') return { status: 'running' };
    const { told } = record;
    const receipt = record.receipt === null ? {} : { receipt: record.receipt };
    if (told?.output !== undefined) return { status: 'succeeded', output: told.output, ...receipt };
    if (told?.failure !== undefined) return { status: 'failed', failure: told.failure, ...receipt };
    return undefined;
  }

  /** What the author saw of a run that has a place in the ledger and no end there: that is its end, with a receipt. */
  async observed(
    run: string,
    observation: Observation,
    about: { action: DescribedAction; site: HandlerSite },
  ): Promise<Observation> {
    const record = await this.#durably(() => this.#options.ledger.find(run), about.site);
    if (record === undefined) return observation;
    if (observation.status === 'not_started') {
      if (record.handler !== 'over') return CANNOT_TELL;
      if (!hasEnd(record)) await this.notEntered(run, about.site);
      return observation;
    }
    if (observation.status !== 'succeeded' && observation.status !== 'failed') return observation;
    if (hasEnd(record))
      return record.receipt === null || record.status !== observed(observation)
        ? observation
        : { ...observation, receipt: record.receipt };
    const receipt = await this.#finish(run, { status: observed(observation), told: toldOf(observation) }, about);
    return receipt === undefined ? observation : { ...observation, receipt };
  }

  async #finish(
    run: string,
    { status, told }: { status: RunOutcome; told: ToldEnd },
    { action, site }: { action: DescribedAction; site: HandlerSite },
  ): Promise<string | undefined> {
    const { provider, ledger, signer } = this.#options;
    const finishedAt = new Date().toISOString();
    let result: string | undefined;
    let receipt: string | undefined;
    try {
      // Throws for what has no canonical form, such as half a character: its run ends all the same, without a receipt.
      result = digestOf(told.output ?? told.failure);
      const record = await ledger.find(run);
      if (record !== undefined && signer !== undefined) {
        const { grant, request, action: name, environment, input, startedAt } = record;
        const subject = { grant, run, request, action: name, environment, input };
        receipt = await (await signer).sign({ type: 'receipt', provider, ...subject, status, result, startedAt, finishedAt });
      }
    } catch (error) {
      site.logger.error({ err: error, action: site.action.name, run }, 'The receipt of a run could not be signed');
    }
    const isKept = action.secretFields === undefined && JSON.stringify(told).length <= MOST_TOLD;
    await this.#write(run, { status, finishedAt, result, receipt, ...(isKept && { told }) }, site);
    return receipt;
  }

  async #write(
    run: string,
    outcome: {
      status: Exclude<LedgerStatus, 'started'>;
      finishedAt?: string;
      result?: string | undefined;
      receipt?: string | undefined;
      told?: ToldEnd;
    },
    site: HandlerSite,
  ): Promise<void> {
    const { status, finishedAt = new Date().toISOString(), result = null, receipt = null, told } = outcome;
    try {
      await this.#options.ledger.end(run, { status, finishedAt, result, receipt, ...(told !== undefined && { told }) });
    } catch (error) {
      site.logger.error({ err: error, action: site.action.name, run }, 'The end of a run could not be written to the ledger');
    }
  }

  async #durably<Answer>(ask: () => Promise<Answer>, site: HandlerSite): Promise<Answer> {
    try {
      return await ask();
    } catch (error) {
      site.logger.error({ err: error, action: site.action.name, run: site.run }, 'The ledger failed');
      throw new GuichetError('action.unavailable', 'The provider could not write to its ledger, so nothing was run.', {
        remedy: 'Try again; if it stays so, ask the team of the provider to look at its ledger.',
      });
    }
  }
}

const hasEnd = ({ status }: LedgerRecord): boolean => status !== 'started' && status !== 'unknown';

function statusOf(last: RunEnd): RunOutcome {
  if (last.type === 'result') return 'succeeded';
  return last.failure.kind === 'cancelled' ? 'cancelled' : 'failed';
}

function observed(observation: Observed): RunOutcome {
  if (observation.status === 'succeeded') return 'succeeded';
  return observation.failure.kind === 'cancelled' ? 'cancelled' : 'failed';
}

const toldOf = (end: RunEnd | Observed): ToldEnd => ('output' in end ? { output: end.output } : { failure: end.failure });
