import { type Action, GuichetError } from '@guichet/contract';
import type { Shell } from '../shell.ts';
import { type CatalogueIndex, type IndexEntry, markChecked, readAction, readIndex, writeCatalogue } from './cache.ts';

/** How long what is remembered is used without asking whether it is still true. */
const FRESH_MS = 60_000;

/** The catalogue as this caller sees it, remembered between invocations. */
export class Catalogue {
  readonly #shell: Shell;
  #index: CatalogueIndex | undefined;
  #checkedNow = false;

  constructor(shell: Shell) {
    this.#shell = shell;
  }

  /** True when the gateway was asked in this invocation: what it said is as new as can be. */
  get isFresh(): boolean {
    return this.#checkedNow;
  }

  /**
   * The index; asked for when it is older than a minute. `offline` takes an old one when the gateway does not answer
   * within a second: for help and completion.
   */
  async index({ offline = false }: { offline?: boolean } = {}): Promise<CatalogueIndex> {
    if (this.#index !== undefined) return this.#index;
    const remembered = readIndex(this.#shell.session.cache);
    const age = remembered === undefined ? undefined : this.#shell.context.now().getTime() - remembered.checkedAt.getTime();
    if (remembered !== undefined && age !== undefined && age >= 0 && age < FRESH_MS) {
      this.#index = remembered.index;
      return this.#index;
    }
    try {
      return await this.refresh(offline && remembered !== undefined ? AbortSignal.timeout(1000) : undefined);
    } catch (error) {
      if (!offline || remembered === undefined || this.#shell.context.interrupt.aborted) throw error;
      this.#index = remembered.index;
      return this.#index;
    }
  }

  /** Asks the gateway; cheap when nothing has changed. */
  async refresh(limit?: AbortSignal): Promise<CatalogueIndex> {
    const { session, context } = this.#shell;
    const client = await this.#shell.client();
    const remembered = readIndex(session.cache)?.index;
    const signal = limit === undefined ? context.interrupt : AbortSignal.any([context.interrupt, limit]);
    const [fetched, me] = await Promise.all([
      client.catalogue({ etag: remembered?.etag, signal }),
      client.call('me.show', { signal }),
    ]);
    const { environments } = me.gateway;
    this.#checkedNow = true;
    if (fetched === undefined && remembered !== undefined && sameWords(environments, remembered.environments)) {
      markChecked(session.cache, context.now());
      this.#index = remembered;
    } else {
      const { items, etag } = fetched ?? (await this.#whole(signal));
      this.#index = writeCatalogue(session.cache, { items, etag, environments });
    }
    return this.#index;
  }

  /** The whole action; fetched when what is remembered of it is damaged. */
  async action(entry: IndexEntry): Promise<Action> {
    const remembered = readAction(this.#shell.session.cache, entry);
    if (remembered !== undefined) return remembered;
    const client = await this.#shell.client();
    return client.call('actions.show', { params: { action: entry.id }, signal: this.#shell.context.interrupt });
  }

  async #whole(signal: AbortSignal): Promise<{ items: readonly Action[]; etag: string | undefined }> {
    const client = await this.#shell.client();
    const fetched = await client.catalogue({ signal });
    if (fetched !== undefined) return fetched;
    throw new GuichetError('gateway.protocol', 'The gateway says that the catalogue has not changed, without having been asked.');
  }
}

function sameWords(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((word, index) => word === b[index]);
}
