import type { ProviderCall, ProviderEndpoint, RunMessage } from '@guichet/contract';
import type { Core } from './core.ts';
import type { RunStream } from './run-stream.ts';

/** The provider mounted in this process. No signature and no HTTP: the caller vouches for the claims. */
export function endpointOf(core: Core): ProviderEndpoint {
  return {
    manifest: async () => structuredClone(await core.manifest()),
    options: (call) => core.options(call),
    plan: (call) => core.plan(call),
    observe: (call) => core.observe(call),
    ledger: (call) => core.ledger(call),
    tunnel: (call) => core.tunnel(call),
    run: (call) => new LazyRun(core, call),
  };
}

/**
 * Starts the run with the first read of its messages, as an HTTP client would. Written out, for a generator could not
 * be left while it waits for a message.
 */
class LazyRun implements AsyncIterableIterator<RunMessage, undefined, undefined> {
  readonly #core: Core;
  readonly #call: ProviderCall;
  #stream: Promise<RunStream> | undefined;
  #left = false;

  constructor(core: Core, call: ProviderCall) {
    this.#core = core;
    this.#call = call;
  }

  async next(): Promise<IteratorResult<RunMessage, undefined>> {
    if (this.#left) return { done: true, value: undefined };
    this.#stream ??= this.#core.run(this.#call);
    return (await this.#stream).next();
  }

  async return(): Promise<IteratorResult<RunMessage, undefined>> {
    this.#left = true;
    const stream = await this.#stream?.catch(() => undefined); // next() has told the reader already
    return stream?.return() ?? { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.return().then(() => undefined);
  }
}
