import type { InstanceSettings } from './config.ts';
import { InstanceError } from './instance-error.ts';
import { Login } from './login.ts';
import { loginPlace } from './login-place.ts';

/** A PostgreSQL server, with the logins that we have on it. */
export class Instance {
  /** Sees; used for everything but signals. */
  readonly observer: Login;
  /** Signals. */
  readonly actor: Login;
  readonly #admin: Login | undefined;
  /** Reads rows and can do nothing else; undefined where the configuration names none. */
  readonly reader: Login | undefined;
  #settings: InstanceSettings;
  #version: Promise<number> | undefined;

  constructor(settings: InstanceSettings) {
    this.#settings = settings;
    this.observer = new Login(settings, 'observer', settings.observer);
    this.actor = new Login(settings, 'actor', settings.actor);
    if (settings.admin !== undefined) this.#admin = new Login(settings, 'admin', settings.admin);
    if (settings.reader !== undefined) this.reader = new Login(settings, 'reader', settings.reader);
  }

  get settings(): InstanceSettings {
    return this.#settings;
  }

  get name(): string {
    return this.#settings.name;
  }

  /** Works on data and roles: leases, statements, maintenance. Throws an InstanceError where the configuration names none. */
  get admin(): Login {
    if (this.#admin !== undefined) return this.#admin;
    throw new InstanceError(`The instance '${this.name}' has no admin login in the configuration of the provider.`, {
      remedy: `Ask the team '${this.settings.owner}' to make one, and set ${loginPlace(this.settings, 'admin')} (docs/guide/postgres.md).`,
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

  /** Takes what is newly known of it. False when it is reached in another way now: then another Instance takes its place. */
  renew(settings: InstanceSettings): boolean {
    const old = this.#settings;
    const same =
      old.host === settings.host &&
      old.port === settings.port &&
      old.databases[0] === settings.databases[0] &&
      sameTls(old.tls, settings.tls) &&
      (['observer', 'actor', 'admin', 'reader'] as const).every(
        (role) => old[role]?.user === settings[role]?.user && old[role]?.password === settings[role]?.password,
      );
    if (same) this.#settings = settings;
    return same;
  }

  /** Ends its pools. Whoever still works with it goes on over connections of their own. */
  async close(): Promise<void> {
    await Promise.all([this.observer.close(), this.actor.close(), this.#admin?.close(), this.reader?.close()]);
  }
}

function sameTls(one: InstanceSettings['tls'], other: InstanceSettings['tls']): boolean {
  return one === other || (typeof one === 'object' && typeof other === 'object' && one.ca === other.ca);
}
