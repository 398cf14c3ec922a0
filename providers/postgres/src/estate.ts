import { refuse } from '@guichet/sdk';
import type { InstanceSettings, PostgresSettings } from './config.ts';
import { Instance } from './instance.ts';
import { KeptListing } from './inventory/kept-listing.ts';
import { merged } from './inventory/merged.ts';
import type { InstanceSource } from './inventory/source.ts';
import { nearest } from './nearest.ts';

export { Instance } from './instance.ts';

/** So long the first answer of a source is waited for, in ms; afterwards the last one is used. */
const FIRST_ANSWER_MS = 2500;
/** A name that is not known makes the sources be asked again, but not more often than so. In ms. */
const MISSED_MS = 2000;
const MOST_NAMED = 12;

/** Every instance that the configuration lists, and those that its sources find. */
export class Estate {
  readonly #configured: readonly InstanceSettings[];
  readonly #sources: readonly KeptListing[];
  readonly #instances = new Map<string, Instance>();
  readonly #timers: NodeJS.Timeout[] = [];
  #duplicates: readonly { readonly environment: string; readonly note: string }[] = [];
  #started = false;
  #closed = false;

  constructor({ instances }: Pick<PostgresSettings, 'instances'>, sources: readonly InstanceSource[] = []) {
    this.#configured = instances;
    this.#sources = sources.map((source) => new KeptListing(source));
    this.#merge();
  }

  /** Those of every environment. */
  async all(): Promise<Instance[]> {
    await this.#upToDate();
    return [...this.#instances.values()];
  }

  /** Those of an environment, by name. */
  async of(environment: string): Promise<Instance[]> {
    await this.#upToDate();
    return this.#known(environment);
  }

  /** The instance of that name, or a refusal that says which one may have been meant. */
  async find(environment: string, name: string): Promise<Instance> {
    await this.#upToDate();
    const found = this.#instances.get(keyOf(environment, name)) ?? (await this.#lookAgain(environment, name));
    if (found !== undefined) return found;
    return refuse(`There is no instance '${name}' in '${environment}'.`, { remedy: this.#remedy(environment, name) });
  }

  /** Like `find`, and asks the sources first: for an instance that may just have come or gone. Undefined when there is none. */
  async look(environment: string, name: string): Promise<Instance | undefined> {
    await this.refresh();
    return this.#instances.get(keyOf(environment, name));
  }

  /** What is known now of an instance, without asking anybody. */
  settingsOf(environment: string, name: string): InstanceSettings | undefined {
    return this.#instances.get(keyOf(environment, name))?.settings;
  }

  /** Asks every source now: for who has just changed what they would say. Never rejects. */
  async refresh(): Promise<void> {
    await Promise.all(this.#sources.map((source) => source.renew()));
    this.#merge();
  }

  /** What people should know of the list of an environment: sources that fail, and what was left out. */
  notes(environment: string): string[] {
    const duplicates = this.#duplicates.filter((duplicate) => duplicate.environment === environment);
    return [...this.#sources.flatMap((source) => source.notes()), ...duplicates.map(({ note }) => note)];
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all(this.#sources.map((source) => source.close()));
    await Promise.all([...this.#instances.values()].map((instance) => instance.close()));
  }

  #known(environment: string): Instance[] {
    return [...this.#instances.values()]
      .filter(({ settings }) => settings.environment === environment)
      .sort((a, b) => a.name.localeCompare(b.name));
  }

  /** Nothing is asked before somebody looks; from then on each source is asked at its own pace. */
  async #upToDate(): Promise<void> {
    if (this.#sources.length === 0) return;
    if (!this.#started) {
      this.#started = true;
      for (const source of this.#sources) {
        const { refreshSeconds } = source.source;
        if (refreshSeconds === 0) continue;
        const tick = (): Promise<void> => source.refresh(0).then(() => this.#merge());
        this.#timers.push(setInterval(tick, refreshSeconds * 1000).unref());
      }
    }
    const wanted = this.#sources.filter((source) => source.source.refreshSeconds === 0 || !source.asked);
    if (wanted.length === 0) return;
    await atMost(Promise.all(wanted.map((source) => source.refresh(0).then(() => this.#merge()))), FIRST_ANSWER_MS);
  }

  async #lookAgain(environment: string, name: string): Promise<Instance | undefined> {
    await atMost(
      Promise.all(this.#sources.map((source) => source.refresh(MISSED_MS).then(() => this.#merge()))),
      FIRST_ANSWER_MS,
    );
    return this.#instances.get(keyOf(environment, name));
  }

  /** Instances that stay keep their pools; those that have vanished end theirs. */
  #merge(): void {
    if (this.#closed) return;
    const { instances, duplicates } = merged(
      this.#configured,
      this.#sources.map((source) => source.listing.instances),
    );
    this.#duplicates = duplicates;
    const wanted = new Map(instances.map((settings) => [keyOf(settings.environment, settings.name), settings]));
    for (const [key, instance] of this.#instances) {
      const settings = wanted.get(key);
      if (settings !== undefined && instance.renew(settings)) {
        wanted.delete(key);
        continue;
      }
      this.#instances.delete(key);
      void instance.close();
    }
    for (const [key, settings] of wanted) this.#instances.set(key, new Instance(settings));
  }

  #remedy(environment: string, name: string): string {
    const names = this.#known(environment).map((instance) => instance.name);
    const elsewhere = [...this.#instances.values()].find((instance) => instance.name === name);
    if (elsewhere !== undefined) {
      return `'${name}' is in '${elsewhere.settings.environment}': add --env ${elsewhere.settings.environment}.`;
    }
    const meant = nearest(name, names);
    if (meant !== undefined) return `Did you mean '${meant}'?`;
    const failing = this.#sources.filter((source) => source.failing).map(({ source }) => source.label);
    if (failing.length > 0) return `It may be in ${failing.join(', ')}, which cannot be read now: see postgres instances.`;
    if (names.length === 0) return `The provider knows no instance of '${environment}': see postgres instances.`;
    return `There are: ${names.slice(0, MOST_NAMED).join(', ')}${names.length > MOST_NAMED ? ' and more' : ''}.`;
  }
}

function keyOf(environment: string, name: string): string {
  return `${environment}/${name}`;
}

/** Waits for the work, but not longer; it goes on by itself then. */
async function atMost(work: Promise<unknown>, milliseconds: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  try {
    await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
