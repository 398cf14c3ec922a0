import {
  type CallBody,
  Choice,
  type GrantClaims,
  GuichetError,
  type Json,
  Observation,
  type Phase,
  Plan,
  type ProviderCall,
} from '@guichet/contract';
import { digestOf } from '@guichet/contract/digest';
import { z } from 'zod';
import type { WriteDefinition } from './action.ts';
import { admitInput, admitPartialInput, jsonAnswer, parseAnswer, unwindOnAbort } from './call-values.ts';
import type { DescribedAction } from './describe-action.ts';
import { CLOCK_TOLERANCE, checkGrant, checkGrantBody } from './grant-check.ts';
import { type GrantLedger, memoryLedger } from './grant-ledger.ts';
import { errorOf, type HandlerSite } from './handler-errors.ts';
import { jsonCopy } from './json.ts';
import type { Provider } from './provider.ts';
import { type ProviderLogger, stderrLogger } from './provider-logger.ts';
import { RunStream } from './run-stream.ts';
import { startRead, startWrite } from './start-run.ts';

export interface CoreOptions {
  /** Where used grants are remembered; in the memory of this process when absent. */
  readonly grants?: GrantLedger | undefined;
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
  readonly provider: Provider;
  readonly logger: ProviderLogger;
  options(call: ProviderCall): Promise<Choice[]>;
  plan(call: ProviderCall): Promise<Plan>;
  observe(call: ProviderCall): Promise<Observation>;
  /** Resolves when the run has been admitted and its handler entered; a rejection means that the handler was not. */
  run(call: ProviderCall): Promise<RunStream>;
}

/** A call that passed every check of its grant and names an action of this provider. */
interface Admitted {
  readonly action: DescribedAction;
  readonly body: CallBody;
  readonly grant: GrantClaims;
  readonly signal: AbortSignal;
  readonly site: HandlerSite;
}

const Choices = z.array(Choice);

export function createCore(provider: Provider, options: CoreOptions = {}): Core {
  const logger = options.logger ?? stderrLogger;
  const ledger = options.grants ?? memoryLedger();
  const heartbeatSeconds = options.heartbeatSeconds ?? 5;

  function admit(phase: Phase, call: ProviderCall): Admitted {
    const { grant, body, signal } = call;
    checkGrant(grant, { provider: provider.name, phase, action: grant.action });
    checkGrantBody(grant, body);
    const action = findAction(provider, grant);
    const site = { provider: provider.manifest, action: action.manifest, phase, run: grant.run, logger };
    return { action, body, grant, signal, site };
  }

  /** Calls a handler that answers once, and makes of whatever it throws an error that may leave. */
  async function answer<Value>({ site, signal }: Admitted, handler: () => Value | Promise<Value>): Promise<Value> {
    try {
      return await unwindOnAbort(async () => await handler(), signal);
    } catch (error) {
      throw errorOf(error, site, signal);
    }
  }

  return {
    provider,
    logger,

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
      const { runId } = runNames(grant);
      const input = admitInput(action.input, body.input);
      if (!observe) return { status: 'unknown', message: `The action '${action.manifest.name}' cannot say what a run did.` };
      const context = { input, seen: seenOf(body), environment: body.environment, runId, signal };
      return parseAnswer(Observation, await answer(admitted, () => observe(context)), site);
    },

    async run(call) {
      const { action, body, grant, signal, site } = admit('run', call);
      const input = admitInput(action.input, body.input);
      const context = { input, environment: body.environment, caller: grant.caller };
      const open = () => new RunStream({ heartbeatSeconds, signal, timeoutSeconds: action.manifest.timeoutSeconds });
      if (action.definition.kind === 'read') return startRead({ stream: open(), site, definition: action.definition, context });
      const full = { ...context, ...runNames(grant), seen: seenOf(body), approvers: grant.approvers };
      checkWanted(signal);
      await claim(ledger, grant, site);
      checkWanted(signal);
      return startWrite({ stream: open(), site, definition: action.definition, context: full });
    },
  };
}

function findAction(provider: Provider, grant: GrantClaims): DescribedAction {
  const action = provider.actions.get(grant.action);
  if (!action) {
    throw new GuichetError('action.unknown', `The provider '${provider.name}' has no action '${grant.action}'.`, {
      remedy: 'Read the manifest again: the action may have been renamed or withdrawn.',
    });
  }
  const { version, environments } = action.manifest;
  if (grant.version !== version) {
    throw new GuichetError('action.refused', `The action '${grant.action}' has changed since it was planned.`, {
      remedy: 'Read the manifest again, and make a new request.',
      details: { reason: 'version', granted: grant.version, offered: version },
    });
  }
  if (environments && !environments.includes(grant.environment)) {
    throw new GuichetError('environment.not_offered', `The action '${grant.action}' is not offered in '${grant.environment}'.`, {
      remedy: `It is offered in: ${environments.join(', ')}.`,
    });
  }
  return action;
}

function writeOf(action: DescribedAction): WriteDefinition<z.ZodObject, never, unknown> {
  const { definition, manifest } = action;
  if (definition.kind === 'write') return definition as WriteDefinition<z.ZodObject, never, unknown>;
  throw new GuichetError(
    'action.not_writable',
    `The action '${manifest.name}' is a read: it has no plan and leaves nothing to observe.`,
    {
      remedy: 'Run it.',
    },
  );
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

/** A copy, for in process the gateway holds the same object. */
function seenOf(body: CallBody): unknown {
  return body.seen === undefined ? undefined : jsonCopy(body.seen, '/seen');
}

function runNames(grant: GrantClaims): { request: string; runId: string } {
  const { request, run } = grant;
  if (request === null || run === null) {
    throw new GuichetError('grant.invalid', 'The grant names no request and no run.', {
      remedy: 'A write runs for a request; ask the gateway for one.',
    });
  }
  return { request, runId: run };
}

/** A run that was given up while it was being admitted is not begun. */
function checkWanted(signal: AbortSignal): void {
  if (signal.aborted) throw new GuichetError('provider.timeout', 'The call was ended before the run had begun; nothing was run.');
}

/** Last of all checks, so that a grant is only used up by a call that would have run. */
async function claim(ledger: GrantLedger, grant: GrantClaims, site: HandlerSite): Promise<void> {
  const expiresAt = new Date(Date.parse(grant.exp) + CLOCK_TOLERANCE);
  let first = false;
  try {
    first = await ledger.claim(grant.jti, expiresAt, new Date(grant.iat));
  } catch (cause) {
    site.logger.error({ err: cause, grant: grant.jti, run: grant.run }, 'The grant ledger failed');
    throw new GuichetError('action.unavailable', 'The provider could not record that the grant is used, so nothing was run.', {
      remedy: 'Try again; if it stays so, ask the team of the provider to look at its grant ledger.',
    });
  }
  if (first) return;
  throw new GuichetError('grant.used', 'The grant was used already, or was issued before this provider started.', {
    remedy: 'Observe the run to learn what became of it.',
  });
}
