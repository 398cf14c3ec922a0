import { type Action, GuichetError, Manifest, type ManifestAction, type ProviderEndpoint } from '@guichet/contract';
import { digestOf } from '@guichet/contract/digest';
import type { SecretFields } from '@guichet/contract/secrets';
import { type Database, statement } from '../db/index.ts';
import { check, suggestion, unstorable } from '../findings/index.ts';
import { withinTime } from '../limits/index.ts';
import { compileInput, type InputCheck, type InputRules } from './input.ts';

/** A manifest of hundreds of actions takes a fraction of it; one that takes longer would hold everybody up. */
const ADOPT_MS = 2000;

/** An action with all that the gateway needs to serve it. */
export interface CatalogAction {
  readonly action: Action;
  readonly endpoint: ProviderEndpoint;
  readonly checkInput: InputCheck;
  /** Undefined when no field is secret. */
  readonly secretFields: SecretFields | undefined;
  readonly schemaDigest: string;
  /** Its provider says that it signs a receipt for each run. */
  readonly signsReceipts: boolean;
}

export interface ProviderSource {
  readonly name: string;
  readonly endpoint: ProviderEndpoint;
  /** It runs in this process. */
  readonly mounted?: boolean | undefined;
  /** The public key of its receipts, when the configuration names one. */
  readonly receiptKey?: string | undefined;
}

/** Whether the caller sees an action: nobody is told the names of others. */
export type Sees = (action: Action) => boolean;

/** What a provider says of itself. */
type About = Omit<Manifest, 'actions'>;

interface Provider extends ProviderSource {
  readonly about: About;
  readonly actions: ReadonlyMap<string, CatalogAction>;
  /** Why its actions are unavailable; undefined while it answers. */
  readonly unavailable: string | undefined;
  readonly manifest: string;
}

/** A provider of the configuration, as this gateway knows it. */
export interface ProviderFacts {
  readonly name: string;
  readonly mounted: boolean;
  /** Undefined until it has answered for the first time. */
  readonly about: About | undefined;
  readonly hasLedger: boolean;
  readonly actions: readonly Action[];
  /** Why it is unavailable; undefined while it answers. */
  readonly unavailable: string | undefined;
  /** Since when it is so. */
  readonly since: Date;
  /** When it last said what it offers. */
  readonly manifestAt: Date | undefined;
}

const SAVE = statement(
  'provider-save',
  `insert into providers (name, manifest) values ($1, $2) on conflict (name) do update set manifest = excluded.manifest, seen_at = now()`,
);
const LOAD = statement('provider-load', 'select name, manifest, seen_at as "seenAt" from providers');

/** How long a provider may take to say what it offers. */
const MANIFEST_LIMIT_MS = 5000;

export interface CatalogOptions {
  readonly db: Database;
  readonly sources: readonly ProviderSource[];
  readonly environments: readonly string[];
  readonly onNews: (message: string) => void;
  /** Told when something is offered, or available, that was not, or the other way round. */
  readonly onChange?: (() => void) | undefined;
  /** Told of each manifest that was read and can be used. */
  readonly onManifest?: ((source: ProviderSource, manifest: Manifest) => Promise<void>) | undefined;
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
  /** What cannot be used is not looked at again until it is another: it may have taken long. */
  readonly #refused = new Map<string, { readonly text: string; readonly error: unknown }>();
  /** The manifest of each provider as it was last saved. */
  readonly #saved = new Map<string, string>();
  readonly #manifestAt = new Map<string, Date>();
  /** Since when each answers, or does not. */
  readonly #turned = new Map<string, { readonly up: boolean; readonly at: Date }>();

  constructor(options: CatalogOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const saved = await this.#options.db.query<{ name: string; manifest: unknown; seenAt: Date }>(LOAD);
    for (const source of this.#options.sources) {
      const last = saved.find(({ name }) => name === source.name);
      this.#turn(source.name, false);
      if (last !== undefined) this.#manifestAt.set(source.name, last.seenAt);
      this.#remember(source, last?.manifest);
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

  /** Every provider of the configuration, and whether it answered the last time. */
  get providersUp(): { name: string; up: boolean }[] {
    return this.#options.sources.map(({ name }) => {
      const known = this.#providers.get(name);
      return { name, up: known !== undefined && known.unavailable === undefined };
    });
  }

  list(): Action[] {
    return [...this.#actions.values()].map(({ action }) => action);
  }

  /** The providers of the configuration that can be asked for their ledger, and those that cannot. */
  get ledgers(): { readonly source: ProviderSource; readonly hasLedger: boolean; readonly unavailable: string | undefined }[] {
    const facts = this.facts();
    return this.#options.sources.map((source, index) => ({
      source,
      hasLedger: facts[index]?.hasLedger === true,
      unavailable: facts[index]?.unavailable,
    }));
  }

  /** Every provider of the configuration, in its order. */
  facts(): ProviderFacts[] {
    return this.#options.sources.map(({ name, endpoint, mounted = false }) => {
      const known = this.#providers.get(name);
      return {
        name,
        mounted,
        about: known?.about,
        hasLedger: known?.about.ledger === true && endpoint.ledger !== undefined,
        actions: [...(known?.actions.values() ?? [])].map(({ action }) => action),
        unavailable: known === undefined ? (this.#silent.get(name) ?? 'It has never answered.') : known.unavailable,
        since: this.#turned.get(name)?.at ?? new Date(),
        manifestAt: this.#manifestAt.get(name),
      };
    });
  }

  find(id: string): CatalogAction | undefined {
    return this.#actions.get(id);
  }

  /**
   * The action of a request that was filed; undefined when it is offered no longer. `action.unavailable` while its provider
   * has not said here yet what it offers, though another replica may have heard it.
   */
  findFiled(id: string): CatalogAction | undefined {
    const found = this.#actions.get(id);
    if (found === undefined) this.#refuseSilent(id);
    return found;
  }

  /** The action, or `action.unknown` with what was probably meant of those that the caller sees. */
  get(id: string, sees: Sees): CatalogAction {
    const found = this.#actions.get(id);
    if (found !== undefined) return found;
    this.#refuseSilent(id);
    const provider = providerOf(id);
    throw new GuichetError('action.unknown', `There is no action '${id}'.`, {
      remedy: suggestion(id, this.#idsNear(provider, sees)) ?? 'guichet actions list shows all of them.',
    });
  }

  #refuseSilent(id: string): void {
    const silence = this.#silent.get(providerOf(id));
    if (silence === undefined) return;
    throw new GuichetError('action.unavailable', `Provider '${providerOf(id)}' has not said yet what it offers: ${silence}`, {
      remedy: 'Try again in a moment.',
    });
  }

  /** Ids of the provider, when there is one of that name; else all. */
  #idsNear(provider: string, sees: Sees): string[] {
    const ids = this.list()
      .filter((action) => sees(action))
      .map((action) => action.id);
    const own = ids.filter((id) => id.startsWith(`${provider}.`));
    return own.length > 0 ? own : ids;
  }

  /** The action, when its provider answers and it is offered in the environment. */
  getIn(id: string, environment: string, sees: Sees): CatalogAction {
    const found = this.get(id, sees);
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

  /** What the provider offered when it was last heard; one that this version cannot read is as good as none. */
  #remember(source: ProviderSource, saved: unknown): void {
    const manifest = check(Manifest, saved);
    if (!manifest.ok) return;
    try {
      this.#adopt(source, manifest.value, 'It has not answered since the gateway started.');
    } catch (error) {
      this.#options.onNews(`provider '${source.name}': what it offered before cannot be used: ${messageOf(error)}`);
    }
  }

  async #refreshOne(source: ProviderSource): Promise<void> {
    const limit = AbortSignal.timeout(MANIFEST_LIMIT_MS);
    try {
      const manifest = await source.endpoint.manifest(limit);
      refuseForeign(source, manifest);
      const text = JSON.stringify(manifest);
      const known = this.#providers.get(source.name);
      this.#manifestAt.set(source.name, new Date());
      if (known?.manifest !== text || known.unavailable !== undefined) {
        this.#adoptOnce(source, manifest, text);
        this.#options.onNews(`provider '${source.name}' ${manifest.version}: ${manifest.actions.length} actions`);
      }
      this.#turn(source.name, true);
    } catch (error) {
      this.#turn(source.name, false);
      this.#markUnavailable(source, limit.aborted ? `It did not answer within ${MANIFEST_LIMIT_MS / 1000} s.` : messageOf(error));
      return;
    }
    await this.#save(source.name);
    await this.#tell(source);
  }

  #turn(name: string, up: boolean): void {
    if (this.#turned.get(name)?.up !== up) this.#turned.set(name, { up, at: new Date() });
  }

  /** What others make of a manifest says nothing about the provider; it is told again at the next refresh. */
  async #tell(source: ProviderSource): Promise<void> {
    const text = this.#providers.get(source.name)?.manifest;
    if (text === undefined) return;
    try {
      await this.#options.onManifest?.(source, JSON.parse(text) as Manifest); // it was a manifest when it was put there
    } catch (error) {
      this.#options.onNews(`provider '${source.name}': its key for receipts could not be looked at: ${messageOf(error)}`);
    }
  }

  /** A database that is away says nothing about the provider: it goes on, and is saved at the next refresh. */
  async #save(name: string): Promise<void> {
    const text = this.#providers.get(name)?.manifest;
    if (text === undefined || this.#saved.get(name) === text) return;
    try {
      await this.#options.db.query(SAVE, [name, text]);
      this.#saved.set(name, text);
    } catch (error) {
      this.#options.onNews(`provider '${name}': what it offers could not be saved: ${messageOf(error)}`);
    }
  }

  #markUnavailable(source: ProviderSource, reason: string): void {
    const known = this.#providers.get(source.name);
    if (known === undefined ? this.#silent.get(source.name) === reason : known.unavailable === reason) return;
    if (known === undefined) {
      this.#silent.set(source.name, reason);
      this.#options.onChange?.();
    } else this.#adopt(source, JSON.parse(known.manifest) as Manifest, reason); // it was a manifest when it was put there
    this.#options.onNews(`provider '${source.name}' is not available: ${reason}`);
  }

  #adoptOnce(source: ProviderSource, manifest: Manifest, text: string): void {
    const refused = this.#refused.get(source.name);
    if (refused?.text === text) throw refused.error;
    try {
      this.#adopt(source, manifest, undefined);
    } catch (error) {
      this.#refused.set(source.name, { text, error });
      throw error;
    }
    this.#refused.delete(source.name);
  }

  #adopt(source: ProviderSource, manifest: Manifest, unavailable: string | undefined): void {
    const actions = withinTime({ milliseconds: ADOPT_MS, what: 'Reading what it offers' }, () => {
      const read = manifest.actions.map((action) => toCatalogAction({ source, manifest, action, unavailable }));
      return new Map(read.map((each) => [each.action.id, each]));
    });
    const { actions: _, ...about } = manifest;
    const provider: Provider = { ...source, about, actions, unavailable, manifest: JSON.stringify(manifest) };
    this.#providers = new Map([...this.#providers, [source.name, provider]]);
    this.#actions = new Map([...this.#providers.values()].flatMap((each) => [...each.actions]));
    this.#silent.delete(source.name);
    this.#options.onChange?.();
  }
}

const providerOf = (id: string): string => id.split('.')[0] ?? id;

function toCatalogAction(options: {
  source: ProviderSource;
  manifest: Manifest;
  action: ManifestAction;
  unavailable: string | undefined;
}): CatalogAction {
  const { source, manifest, action, unavailable } = options;
  const { check: checkInput, secretFields } = rulesOf(action);
  return {
    action: {
      ...action,
      ...(secretFields !== undefined && {
        examples: action.examples.map((example) => ({ ...example, input: secretFields.takeOut(example.input).shown })),
      }),
      id: `${source.name}.${action.name}`,
      provider: source.name,
      team: manifest.team,
      available: unavailable === undefined,
      ...(unavailable !== undefined && { unavailableReason: unavailable }),
    },
    endpoint: source.endpoint,
    checkInput,
    secretFields,
    schemaDigest: digestOf(action.input),
    signsReceipts: manifest.receipts !== undefined,
  };
}

function rulesOf(action: ManifestAction): InputRules {
  const rules = compiled(action);
  const field = action.options.find((name) => rules.secretFields?.covers(name));
  // What is typed into the field to look for choices would be told to whoever gives them, and recorded.
  if (field !== undefined)
    throw new GuichetError('provider.protocol', `The field '${field}' of '${action.name}' is secret and offers choices.`);
  return rules;
}

function compiled(action: ManifestAction): InputRules {
  try {
    return compileInput(action.input);
  } catch (error) {
    throw new GuichetError('provider.protocol', `The input schema of '${action.name}' cannot be used: ${messageOf(error)}.`);
  }
}

/** Refuses a manifest of somebody else, one that names an action twice, and texts that cannot be stored. */
function refuseForeign(source: ProviderSource, manifest: Manifest): void {
  if (manifest.provider !== source.name)
    throw new GuichetError(
      'provider.protocol',
      `It calls itself '${manifest.provider}', the configuration says '${source.name}'.`,
    );
  const names = manifest.actions.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new GuichetError('provider.protocol', `It offers '${twice}' twice.`);
  const finding = unstorable(manifest);
  if (finding !== undefined) throw new GuichetError('provider.protocol', `Its manifest: ${finding.field} ${finding.message}.`);
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : 'unknown error');
