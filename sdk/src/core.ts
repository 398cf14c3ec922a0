import { join } from 'node:path';
import {
  Choice,
  GuichetError,
  type Json,
  type LedgerCall,
  type LedgerPage,
  LedgerQuery,
  type Manifest,
  Observation,
  type Output,
  type Phase,
  Plan,
  type ProviderCall,
  type TunnelCall,
} from '@guichet/contract';
import { digestOf } from '@guichet/contract/digest';
import { z } from 'zod';
import type { AnyDefinition } from './action.ts';
import { type Admitted, admitCall, checkWanted, runNames, seenOf } from './admission.ts';
import { admitInput, admitPartialInput, jsonAnswer, parseAnswer, unwindOnAbort } from './call-values.ts';
import type { DescribedAction, DescribedProvider } from './describe-action.ts';
import { fileLedger } from './file-ledger.ts';
import { checkGrant } from './grant-check.ts';
import { errorOf } from './handler-errors.ts';
import { inHandlerSpan } from './handler-span.ts';
import { type Ledger, memoryLedger } from './ledger.ts';
import { type ProviderLogger, stderrLogger } from './provider-logger.ts';
import { keyInFolder } from './receipt-key.ts';
import { type ReceiptSigner, receiptSigner } from './receipt-signer.ts';
import { type RunEnd, RunRecord } from './run-record.ts';
import { RunStream } from './run-stream.ts';
import { startRead, startWrite } from './start-run.ts';
import { Tunnels } from './tunnels.ts';
import { undoInputOf } from './undo-input.ts';

export interface CoreOptions {
  /**
   * A folder of the provider's own: for the ledger of used grants and for the key that signs receipts. Without it grants are
   * remembered in the memory of this process, and receipts need `receiptKey`.
   */
  readonly dataDir?: string | undefined;
  /** Where used grants are remembered, instead of the folder: replicas on several machines need one that they share. */
  readonly ledger?: Ledger | undefined;
  /** Signs receipts, instead of the key in the folder: a `k4.secret` PASERK, and those before it, which announce it. */
  readonly receiptKey?: string | { readonly secret: string; readonly formerly: readonly string[] } | undefined;
  /** Where the causes of failed handlers go; JSON lines on stderr when absent. */
  readonly logger?: ProviderLogger | undefined;
  /** A running action sends a heartbeat every so many seconds; 5 when absent. */
  readonly heartbeatSeconds?: number | undefined;
}

/**
 * The provider protocol without a wire. The HTTP server and the in-process endpoint both call this, so that they
 * cannot differ. The claims must be genuine: whoever calls has verified the signature, or is the gateway itself.
 * Every method rejects with a GuichetError.
 */
export interface Core {
  readonly provider: DescribedProvider;
  readonly logger: ProviderLogger;
  /** What the provider says of itself. Rejects with `config.invalid` when its key for receipts cannot be used. */
  manifest(): Promise<Manifest>;
  options(call: ProviderCall): Promise<Choice[]>;
  plan(call: ProviderCall): Promise<Plan>;
  observe(call: ProviderCall): Promise<Observation>;
  /** Resolves when the run has been admitted and its handler entered; a rejection means that the handler was not. */
  run(call: ProviderCall): Promise<RunStream>;
  /** Tells a run to stop. False when it is not running here: it has ended, never begun, or runs in another replica. */
  cancel(call: ProviderCall): Promise<boolean>;
  /** Which grants were used. Rejects with `route.unknown` when the ledger is not kept. */
  ledger(call: LedgerCall): Promise<LedgerPage>;
  /** Carries one connection; resolves when it is over. */
  tunnel(call: TunnelCall): Promise<void>;
  /** Tells every run to stop, because the provider does. */
  stopRuns(): void;
  /** The same for tunnels: they would last for hours, and can be opened again elsewhere. */
  stopTunnels(): void;
  /** Aborted once tunnels were told to stop. */
  readonly tunnelsStopped: AbortSignal;
}

const Choices = z.array(Choice);

export function createCore(provider: DescribedProvider, options: CoreOptions = {}): Core {
  const logger = options.logger ?? stderrLogger;
  const ledger = ledgerOf(options);
  const signer = signerOf(provider.name, options);
  signer?.catch(() => {}); // whoever asks for the manifest is told
  const record = new RunRecord({ provider: provider.name, ledger, signer });
  const heartbeatSeconds = options.heartbeatSeconds ?? 5;
  const tunnels = new Tunnels();
  const streams = new Set<RunStream>();
  /** Runs of writes whose handler has not ended, also when nobody listens to it any more. */
  const running = new Map<string, RunStream>();
  const admit = (phase: Phase, call: ProviderCall) => admitCall(phase, call, { provider, logger });

  function openStream({ manifest: { timeoutSeconds } }: DescribedAction, { signal, cancel }: ProviderCall): RunStream {
    const onEnd = () => streams.delete(stream);
    const stream = new RunStream({ heartbeatSeconds, timeoutSeconds, signal, cancel, onEnd });
    streams.add(stream);
    return stream;
  }

  /** Calls a handler that answers once, and makes of whatever it throws an error that may leave. */
  async function answer<Value>({ site, signal, body }: Admitted, handler: () => Value | Promise<Value>): Promise<Value> {
    try {
      return await inHandlerSpan(site, body.environment, () => unwindOnAbort(async () => await handler(), signal));
    } catch (error) {
      throw errorOf(error, site, signal);
    }
  }

  return {
    provider,
    logger,

    async manifest() {
      const receipts = await (await signer)?.published();
      return {
        ...provider.manifest,
        ...(receipts !== undefined && { receipts }),
        ...(ledger.list !== undefined && { ledger: true }),
      };
    },

    async ledger({ grant, query }) {
      if (ledger.list === undefined)
        throw new GuichetError('route.unknown', 'This provider keeps no ledger that could be read.', {
          remedy: "Its manifest says 'ledger': true when it does.",
        });
      checkGrant(grant, { provider: provider.name, phase: 'ledger', action: '*' });
      const asked = LedgerQuery.safeParse(query);
      if (!asked.success || digestOf(query) !== grant.body)
        throw new GuichetError('grant.invalid', 'The query is not the one that the grant was made for.', {
          remedy: 'Ask the gateway for a new grant.',
        });
      return ledger.list(asked.data);
    },

    async options(call) {
      const admitted = admit('options', call);
      const { action, body, grant, signal, site } = admitted;
      const handler = body.field === undefined ? undefined : optionsHandler(action, body.field);
      if (!handler) throw noOptions(action, body.field);
      const input = admitPartialInput(action.input, body.input);
      const context = { input, query: body.query ?? '', environment: body.environment, caller: grant.caller, signal };
      return parseAnswer(Choices, await answer(admitted, () => handler(context)), site);
    },

    async plan(call) {
      const admitted = admit('plan', call);
      const { action, body, grant, signal, site } = admitted;
      const { plan } = writeOf(action);
      const input = admitInput(action.input, body.input);
      const context = { input, environment: body.environment, caller: grant.caller, signal };
      return parseAnswer(Plan, withFingerprint(jsonAnswer(await answer(admitted, () => plan(context)), site)), site);
    },

    async observe(call) {
      const admitted = admit('observe', call);
      const { action, body, grant, signal, site } = admitted;
      const { observe } = writeOf(action);
      const names = runNames(grant);
      const { runId } = names;
      const input = admitInput(action.input, body.input);
      if (!observe) return { status: 'unknown', message: `The action '${action.manifest.name}' cannot say what a run did.` };
      if (running.has(runId)) return { status: 'running' };
      const context = { input, seen: seenOf(body), environment: body.environment, ...names, signal };
      const ask = async (): Promise<Observation> => {
        const observed = parseAnswer(Observation, await answer(admitted, () => observe(context)), site);
        if (observed.status !== 'succeeded') return observed;
        // Said by the one function that says it, whatever observe has answered.
        const { undoInput: _, ...succeeded } = observed;
        return withUndo(succeeded);
      };
      const withUndo = (succeeded: Extract<Observation, { status: 'succeeded' }>): Observation => {
        const undo = undoInputOf({ provider, action, site, context: { ...context, output: succeeded.output } });
        return { ...succeeded, ...(undo !== undefined && { undoInput: undo }) };
      };
      // What was written down when the handler ended is as good as having heard it.
      const known = await record.known(runId, site);
      if (known !== undefined) return known.status === 'succeeded' ? withUndo(known) : known;
      const observation = await ask();
      // Who is told that a run has not started may start another: this one must not come late.
      if (observation.status !== 'not_started' || (await record.close(runId, site)))
        return record.observed(runId, observation, { action, site });
      if (running.has(runId)) return { status: 'running' };
      return (await record.known(runId, site)) ?? record.observed(runId, await ask(), { action, site });
    },

    async run(call) {
      const { action, body, grant, signal, site } = admit('run', call);
      const { definition } = action;
      const given = { environment: body.environment, caller: grant.caller };
      if (definition.kind === 'read') {
        const context = { ...given, input: admitInput(action.input, body.input) };
        checkWanted(signal);
        return startRead({ stream: openStream(action, call), site, definition, context });
      }
      const names = runNames(grant);
      const context = {
        ...given,
        ...names,
        approvers: grant.approvers,
        input: admitInput(action.input, body.input),
        seen: seenOf(body),
      };
      checkWanted(signal);
      await record.begin(grant, { action, input: body.input, site });
      if (signal.aborted) await record.notEntered(names.runId, site);
      checkWanted(signal);
      const stream = openStream(action, call);
      running.set(names.runId, stream);
      const undoInput = (output: Output) => undoInputOf({ provider, action, site, context: { ...context, output } });
      const settle = async (last: RunEnd | undefined): Promise<RunEnd | undefined> => {
        const recorded = await record.end(names.runId, last, { action, site });
        running.delete(names.runId);
        return recorded;
      };
      return startWrite({ stream, site, definition, context, undoInput, settle });
    },

    async cancel(call) {
      const { grant } = admit('cancel', call);
      const stream = running.get(runNames(grant).runId);
      stream?.stop('cancel');
      return stream !== undefined;
    },

    async tunnel(call) {
      return tunnels.open(admit('tunnel', call), call);
    },

    stopTunnels: () => tunnels.stop(),
    tunnelsStopped: tunnels.stopped,

    stopRuns() {
      for (const stream of streams) stream.stop('stopping');
    },
  };
}

function ledgerOf({ ledger, dataDir }: CoreOptions): Ledger {
  return ledger ?? (dataDir === undefined ? memoryLedger() : fileLedger(join(dataDir, 'ledger')));
}

/** Undefined: the provider has nowhere to keep a key, and signs no receipts. */
function signerOf(provider: string, { receiptKey, dataDir }: CoreOptions): Promise<ReceiptSigner> | undefined {
  if (typeof receiptKey === 'string') return Promise.resolve(receiptSigner({ provider, secret: receiptKey }));
  if (receiptKey !== undefined) return Promise.resolve(receiptSigner({ provider, ...receiptKey }));
  return dataDir === undefined ? undefined : keyInFolder(dataDir).then((key) => receiptSigner({ provider, ...key }));
}

function writeOf({ definition, manifest }: DescribedAction): Extract<AnyDefinition, { kind: 'write' }> {
  if (definition.kind === 'write') return definition;
  const message = `The action '${manifest.name}' is a read: it has no plan and leaves nothing to observe.`;
  throw new GuichetError('action.not_writable', message, { remedy: 'Run it.' });
}

function optionsHandler(action: DescribedAction, field: string) {
  const handlers = action.definition.options ?? {};
  return Object.hasOwn(handlers, field) ? handlers[field] : undefined;
}

function noOptions(action: DescribedAction, field: string | undefined): GuichetError {
  const offered = action.manifest.options.join(', ') || 'none';
  const message =
    field === undefined
      ? 'The body does not say for which field.'
      : `The field '${field}' of '${action.manifest.name}' offers no options.`;
  return new GuichetError('action.no_options', message, { remedy: `Fields with options: ${offered}.` });
}

/** A plan without a fingerprint of its own rests on what it saw. */
function withFingerprint(plan: Json): Json {
  if (plan === null || typeof plan !== 'object' || Array.isArray(plan)) return plan;
  const { seen, fingerprint } = plan;
  return fingerprint === undefined && seen !== undefined ? { ...plan, fingerprint: digestOf(seen) } : plan;
}
