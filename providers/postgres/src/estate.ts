import { refuse } from '@guichet/sdk';
import type { InstanceSettings, PostgresSettings } from './config.ts';
import { InstanceError } from './instance-error.ts';
import { Login } from './login.ts';
import { nearest } from './nearest.ts';

/** A PostgreSQL server, with the logins that we have on it. */
export class Instance {
  readonly settings: InstanceSettings;
  /** Sees; used for everything but signals. */
  readonly observer: Login;
  /** Signals. */
  readonly actor: Login;
  readonly #admin: Login | undefined;
  #version: Promise<number> | undefined;

  constructor(settings: InstanceSettings) {
    this.settings = settings;
    this.observer = new Login(settings, 'observer', settings.observer);
    this.actor = new Login(settings, 'actor', settings.actor);
    if (settings.admin !== undefined) this.#admin = new Login(settings, 'admin', settings.admin);
  }

  get name(): string {
    return this.settings.name;
  }

  /** Works on data and roles: leases, statements, maintenance. Throws an InstanceError where the configuration names none. */
  get admin(): Login {
    if (this.#admin !== undefined) return this.#admin;
    throw new InstanceError(`The instance '${this.name}' has no admin login in the configuration of the provider.`, {
      remedy: `Ask the team '${this.settings.owner}' to make one, and name it under instances.${this.name}.admin (docs/guide/postgres.md).`,
      passing: false,
    });
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
    await Promise.all([this.observer.close(), this.actor.close(), this.#admin?.close()]);
  }
}

/** Every instance that the configuration lists. */
export class Estate {
  readonly #instances: readonly Instance[];

  constructor({ instances }: PostgresSettings) {
    this.#instances = instances.map((settings) => new Instance(settings));
  }

  /** Those of an environment, by name. */
  async of(environment: string): Promise<Instance[]> {
    return this.#instances
      .filter(({ settings }) => settings.environment === environment)
      .sort((a, b) => a.name.localeCompare(b.name));
  }

  /** The instance of that name, or a refusal that says which one may have been meant. */
  async find(environment: string, name: string): Promise<Instance> {
    const here = await this.of(environment);
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
