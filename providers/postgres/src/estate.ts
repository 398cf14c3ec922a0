import { refuse } from '@guichet/sdk';
import type { InstanceSettings, PostgresSettings } from './config.ts';
import { Login } from './login.ts';
import { nearest } from './nearest.ts';

/** A PostgreSQL server, with the two logins that we have on it. */
export class Instance {
  readonly settings: InstanceSettings;
  /** Sees; used for everything but signals. */
  readonly observer: Login;
  /** Signals. */
  readonly actor: Login;
  #version: Promise<number> | undefined;

  constructor(settings: InstanceSettings) {
    this.settings = settings;
    this.observer = new Login(settings, 'observer');
    this.actor = new Login(settings, 'actor');
  }

  get name(): string {
    return this.settings.name;
  }

  /** `server_version_num`, e.g. 180004. Asked once: a server that is upgraded under us still takes what the older one took. */
  async version(): Promise<number> {
    this.#version ??= this.observer
      .query<{ version: number }>("select current_setting('server_version_num')::int as version")
      .then(([row]) => row?.version ?? 0);
    try {
      return await this.#version;
    } catch (error) {
      this.#version = undefined;
      throw error;
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.observer.close(), this.actor.close()]);
  }
}

/** Every instance that the configuration lists. */
export class Estate {
  readonly #instances: readonly Instance[];

  constructor({ instances }: PostgresSettings) {
    this.#instances = instances.map((settings) => new Instance(settings));
  }

  /** Those of an environment, by name. */
  of(environment: string): Instance[] {
    return this.#instances
      .filter(({ settings }) => settings.environment === environment)
      .sort((a, b) => a.name.localeCompare(b.name));
  }

  /** The instance of that name, or a refusal that says which one may have been meant. */
  find(environment: string, name: string): Instance {
    const here = this.of(environment);
    const found = here.find((instance) => instance.name === name);
    if (found !== undefined) return found;
    const names = here.map((instance) => instance.name);
    const elsewhere = this.#instances.find((instance) => instance.name === name);
    const meant = nearest(name, names);
    const remedy =
      elsewhere !== undefined
        ? `'${name}' is in '${elsewhere.settings.environment}': add --env ${elsewhere.settings.environment}.`
        : meant !== undefined
          ? `Did you mean '${meant}'?`
          : names.length === 0
            ? `No instance of '${environment}' is in the configuration of the provider.`
            : `There are: ${names.slice(0, 12).join(', ')}${names.length > 12 ? ' and more' : ''}.`;
    return refuse(`There is no instance '${name}' in '${environment}'.`, { remedy });
  }

  async close(): Promise<void> {
    await Promise.all(this.#instances.map((instance) => instance.close()));
  }
}
