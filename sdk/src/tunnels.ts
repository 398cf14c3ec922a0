import { GuichetError, type Output, type OutputKind, type TunnelCall } from '@guichet/contract';
import type { z } from 'zod';
import type { TunnelContext, WriteDefinition } from './action.ts';
import { type Admitted, checkWanted, runNames, seenOf } from './admission.ts';
import { admitInput } from './call-values.ts';
import { CLOCK_TOLERANCE } from './grant-check.ts';
import { errorOf } from './handler-errors.ts';
import { inHandlerSpan } from './handler-span.ts';

type AnyTunnel = NonNullable<WriteDefinition<z.ZodObject, OutputKind, unknown>['tunnel']>;

/** The tunnels of one provider: each is opened once for a grant, and all end when the provider stops. */
export class Tunnels {
  readonly #stop = new AbortController();
  /** Grants that were used, until nobody could use them any more: in milliseconds. */
  readonly #used = new Map<string, number>();

  /** Resolves when the handler has ended. Rejects with a GuichetError; what it had not accepted by then was not entered. */
  async open(admitted: Admitted, call: TunnelCall): Promise<void> {
    const { action, body, grant, site } = admitted;
    const { definition } = action;
    const handler: AnyTunnel | undefined = definition.tunnel;
    if (handler === undefined)
      throw new GuichetError('action.refused', `There is nothing to connect to with '${action.manifest.name}'.`, {
        remedy: "Its manifest says 'tunnel': true when there is.",
      });
    const input = admitInput(action.input, body.input);
    const names = runNames(grant);
    const gone = new AbortController();
    const signal = AbortSignal.any([call.signal, this.#stop.signal, gone.signal]);
    checkWanted(signal);
    this.#use(grant.jti, Date.parse(grant.exp));
    const stream = await call.accept();
    stream.once('close', () => gone.abort(new DOMException('The connection was closed', 'AbortError')));
    // A handler that waits for the stream need not look at the signal too.
    const end = (): void => void stream.destroy();
    signal.addEventListener('abort', end, { once: true });
    if (stream.destroyed || signal.aborted) return end();
    if (body.hold === true) stream.resume(); // nothing is to come but its end
    const context: TunnelContext<z.ZodObject, OutputKind, unknown> = {
      input,
      ...names,
      seen: seenOf(body),
      output: outputOf(body.output, action.manifest.output),
      environment: body.environment,
      caller: grant.caller,
      approvers: grant.approvers,
      stream,
      hold: body.hold === true,
      record: (event) => call.record(event),
      signal,
    };
    try {
      await inHandlerSpan(site, body.environment, async () => handler(context));
    } catch (error) {
      // Told to stop, however it puts that.
      if (signal.aborted) return;
      throw errorOf(error, site, signal);
    } finally {
      signal.removeEventListener('abort', end);
    }
  }

  /** Tells every handler to stop, because the provider does. */
  stop(): void {
    this.#stop.abort(new DOMException('The provider is stopping', 'AbortError'));
  }

  get stopped(): AbortSignal {
    return this.#stop.signal;
  }

  #use(grant: string, until: number): void {
    const now = Date.now();
    for (const [id, end] of this.#used) {
      if (end > now) break; // the oldest come first
      this.#used.delete(id);
    }
    if (this.#used.has(grant))
      throw new GuichetError('grant.used', 'The grant has opened a tunnel already.', {
        remedy: 'Ask the gateway for a new one.',
      });
    this.#used.set(grant, until + CLOCK_TOLERANCE);
  }
}

/** What an earlier version of the action gave may be of another kind: then it is as good as unknown. */
function outputOf(output: Output | undefined, kind: OutputKind): Output | undefined {
  return output?.kind === kind ? output : undefined;
}
