import { type Action, GuichetError, type Manifest, type ManifestAction, type ProviderEndpoint } from '@guichet/contract';
import { digestOf } from '@guichet/contract/digest';
import { type Database, statement } from '../db/index.ts';
import { compileInputCheck, type InputCheck, suggestion } from './input.ts';

/** An action with all that the gateway needs to serve it. */
export interface CatalogAction {
  readonly action: Action;
  readonly endpoint: ProviderEndpoint;
  readonly checkInput: InputCheck;
  readonly schemaDigest: string;
}

export interface ProviderSource {
  readonly name: string;
  readonly endpoint: ProviderEndpoint;
}

interface Provider extends ProviderSource {
  readonly actions: ReadonlyMap<string, CatalogAction>;
  /** Why its actions are unavailable; undefined while it answers. */
  readonly unavailable: string | undefined;
  readonly manifest: string;
}

const SAVE = statement(
  'provider-save',
  `insert into providers (name, manifest) values ($1, $2) on conflict (name) do update set manifest = excluded.manifest, seen_at = now()`,
);
const LOAD = statement('provider-load', 'select name, manifest from providers');

export interface CatalogOptions {
  readonly db: Database;
  readonly sources: readonly ProviderSource[];
  readonly environments: readonly string[];
  readonly onNews: (message: string) => void;
}

/**
 * What everybody offers. Manifests are read again every few seconds; a provider that does not answer keeps its last known
 * actions, marked unavailable, also across a restart of the gateway.
 */
export class Catalog {
  readonly #options: CatalogOptions;
  #providers: ReadonlyMap<string, Provider> = new Map();
  #actions: ReadonlyMap<string, CatalogAction> = new Map();
  /** Providers that have never answered, with why. */
  readonly #silent = new Map<string, string>();

  constructor(options: CatalogOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const saved = await this.#options.db.query<{ name: string; manifest: Manifest }>(LOAD);
    for (const source of this.#options.sources) {
      const manifest = saved.find(({ name }) => name === source.name)?.manifest;
      if (manifest !== undefined) this.#adopt(source, manifest, 'It has not answered since the gateway started.');
    }
    await this.refresh();
  }

  /** Reads all manifests again, each with a limit of 5 s. */
  async refresh(): Promise<void> {
    await Promise.all(this.#options.sources.map((source) => this.#refreshOne(source)));
  }

  get environments(): readonly string[] {
    return this.#options.environments;
  }

  list(): Action[] {
    return [...this.#actions.values()].map(({ action }) => action);
  }

  find(id: string): CatalogAction | undefined {
    return this.#actions.get(id);
  }

  /** The action, or `action.unknown` with what was probably meant. */
  get(id: string): CatalogAction {
    const found = this.#actions.get(id);
    if (found !== undefined) return found;
    throw new GuichetError('action.unknown', `There is no action '${id}'.`, {
      remedy: suggestion(id, [...this.#actions.keys()]) ?? 'guichet actions list shows all of them.',
    });
  }

  /** The action, when its provider answers and it is offered in the environment. */
  getIn(id: string, environment: string): CatalogAction {
    const found = this.get(id);
    const { environments } = this.#options;
    if (!environments.includes(environment))
      throw new GuichetError('environment.unknown', `There is no environment '${environment}'.`, {
        remedy: suggestion(environment, environments),
      });
    const offered = found.action.environments;
    if (offered !== undefined && !offered.includes(environment))
      throw new GuichetError('environment.not_offered', `${id} is not offered in ${environment}.`, {
        remedy: `It is offered in ${offered.join(', ')}.`,
      });
    if (!found.action.available)
      throw new GuichetError(
        'action.unavailable',
        `Provider '${found.action.provider}' is not available: ${found.action.unavailableReason ?? ''}`,
        {
          remedy: `Try again in a moment, or ask team '${found.action.team}', which runs it.`,
        },
      );
    return found;
  }

  async #refreshOne(source: ProviderSource): Promise<void> {
    try {
      const manifest = await source.endpoint.manifest(AbortSignal.timeout(5000));
      if (manifest.provider !== source.name)
        throw new GuichetError(
          'provider.protocol',
          `It calls itself '${manifest.provider}', the configuration says '${source.name}'.`,
        );
      const text = JSON.stringify(manifest);
      const known = this.#providers.get(source.name);
      if (known?.manifest === text && known.unavailable === undefined) return;
      this.#adopt(source, manifest, undefined);
      await this.#options.db.query(SAVE, [source.name, text]);
      this.#options.onNews(`provider '${source.name}' ${manifest.version}: ${manifest.actions.length} actions`);
    } catch (error) {
      this.#markUnavailable(source, error instanceof Error ? error.message : 'unknown error');
    }
  }

  #markUnavailable(source: ProviderSource, reason: string): void {
    const known = this.#providers.get(source.name);
    if (known === undefined ? this.#silent.get(source.name) === reason : known.unavailable === reason) return;
    if (known === undefined) this.#silent.set(source.name, reason);
    else this.#adopt(source, JSON.parse(known.manifest) as Manifest, reason); // it was a manifest when it was put there
    this.#options.onNews(`provider '${source.name}' is not available: ${reason}`);
  }

  #adopt(source: ProviderSource, manifest: Manifest, unavailable: string | undefined): void {
    const actions = new Map(
      manifest.actions.map((action) => [
        `${source.name}.${action.name}`,
        toCatalogAction({ source, manifest, action, unavailable }),
      ]),
    );
    const provider: Provider = { ...source, actions, unavailable, manifest: JSON.stringify(manifest) };
    this.#providers = new Map([...this.#providers, [source.name, provider]]);
    this.#actions = new Map([...this.#providers.values()].flatMap((each) => [...each.actions]));
  }
}

function toCatalogAction(options: {
  source: ProviderSource;
  manifest: Manifest;
  action: ManifestAction;
  unavailable: string | undefined;
}): CatalogAction {
  const { source, manifest, action, unavailable } = options;
  return {
    action: {
      ...action,
      id: `${source.name}.${action.name}`,
      provider: source.name,
      team: manifest.team,
      available: unavailable === undefined,
      ...(unavailable !== undefined && { unavailableReason: unavailable }),
    },
    endpoint: source.endpoint,
    checkInput: compileInputCheck(action.input),
    schemaDigest: digestOf(action.input),
  };
}
