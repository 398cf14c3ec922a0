import { type CallBody, type GrantClaims, GuichetError, type Phase, type ProviderCall } from '@guichet/contract';
import type { DescribedAction, DescribedProvider } from './describe-action.ts';
import { checkGrant, checkGrantBody } from './grant-check.ts';
import type { HandlerSite } from './handler-errors.ts';
import { jsonCopy } from './json.ts';
import { discreetLogger, type ProviderLogger } from './provider-logger.ts';

/** A call that passed every check of its grant and names an action of this provider. */
export interface Admitted {
  readonly action: DescribedAction;
  readonly body: CallBody;
  readonly grant: GrantClaims;
  readonly signal: AbortSignal;
  readonly site: HandlerSite;
}

interface Host {
  readonly provider: DescribedProvider;
  readonly logger: ProviderLogger;
}

/** Steps 5 to 12 of docs/spec/provider-protocol.md, for claims that are genuine. Throws a GuichetError. */
export function admitCall(phase: Phase, call: ProviderCall, { provider, logger }: Host): Admitted {
  const { grant, body, signal } = call;
  checkGrant(grant, { provider: provider.name, phase, action: grant.action });
  checkGrantBody(grant, body);
  const action = findAction(provider, grant);
  const quiet = discreetLogger(logger, action.secretFields?.takeOut(body.input).secrets);
  const site = { provider: provider.manifest, action: action.manifest, phase, run: grant.run, logger: quiet };
  return { action, body, grant, signal, site };
}

function findAction(provider: DescribedProvider, grant: GrantClaims): DescribedAction {
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

/** A copy, for in process the gateway holds the same object. */
export function seenOf(body: CallBody): unknown {
  return body.seen === undefined ? undefined : jsonCopy(body.seen, '/seen', 1);
}

/** The request and the run that the grant of a write names. */
export function runNames(grant: GrantClaims): { request: string; runId: string } {
  const { request, run } = grant;
  if (request === null || run === null) {
    throw new GuichetError('grant.invalid', 'The grant names no request and no run.', {
      remedy: 'A write runs for a request; ask the gateway for one.',
    });
  }
  return { request, runId: run };
}

/** A run that was given up while it was being admitted is not begun. */
export function checkWanted(signal: AbortSignal): void {
  if (signal.aborted) throw new GuichetError('provider.timeout', 'The call was ended before the run had begun; nothing was run.');
}
