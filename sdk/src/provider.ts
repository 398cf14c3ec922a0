import { GuichetError, Manifest, PROTOCOL_VERSION, type ProviderEndpoint, Slug } from '@guichet/contract';
import type { ProviderAction } from './action.ts';
import { type CoreOptions, createCore } from './core.ts';
import { type DescribedAction, type DescribedProvider, describeAction, type Findings } from './describe-action.ts';
import { endpointOf } from './endpoint.ts';

export interface ProviderDefinition {
  /** First word of every command of this provider, e.g. `postgres`. */
  readonly name: string;
  readonly title: string;
  readonly version: string;
  /** The team that owns the provider, and every resource whose plan names no owner. */
  readonly team: string;
  readonly actions: readonly ProviderAction[];
}

export type EndpointOptions = CoreOptions;

/** A provider as a value: mount its endpoint in the process of a gateway, or `serve` it over HTTP. */
export interface Provider extends DescribedProvider {
  /** Mounts the provider in this process: every check of the wire but the signature, on claims that the caller vouches for. */
  endpoint(options?: EndpointOptions): ProviderEndpoint;
}

/**
 * Makes a provider of its actions, or throws `config.invalid` with one entry in `errors` for everything that is wrong
 * with the definition.
 */
export function defineProvider(definition: ProviderDefinition): Provider {
  const findings: Findings = [];
  for (const field of ['name', 'team'] as const) {
    const slug = Slug.safeParse(definition[field]);
    if (!slug.success) findings.push({ field, message: 'must be lower-case words joined by hyphens' });
  }
  for (const field of ['title', 'version'] as const) {
    if (typeof definition[field] !== 'string' || definition[field] === '')
      findings.push({ field, message: 'must say something' });
  }
  const actions = describeActions(definition.actions, findings);
  if (findings.length > 0) {
    const lines = findings.map(
      ({ field, message, remedy }) => `  ${field}: ${message}${remedy === undefined ? '' : `. ${remedy}`}`,
    );
    throw new GuichetError('config.invalid', `The provider '${definition.name}' is not valid:\n${lines.join('\n')}`, {
      remedy: 'Mend the definition; nothing was served.',
      errors: findings,
    });
  }
  const manifest = Manifest.parse({
    protocol: PROTOCOL_VERSION,
    provider: definition.name,
    title: definition.title,
    version: definition.version,
    team: definition.team,
    actions: [...actions.values()].map((action) => action.manifest),
  });
  const provider: Provider = {
    name: definition.name,
    manifest,
    actions,
    endpoint: (options) => endpointOf(createCore(provider, options)),
  };
  return provider;
}

function describeActions(actions: readonly ProviderAction[], findings: Findings): Map<string, DescribedAction> {
  const described = new Map<string, DescribedAction>();
  const names = new Set<string>();
  for (const action of actions) {
    if (names.has(action.name)) findings.push({ field: `actions/${action.name}`, message: 'two actions have this name' });
    names.add(action.name);
    const found = describeAction(action, findings);
    if (found) described.set(action.name, found);
  }
  checkUndos(described, findings);
  if (names.size === 0) findings.push({ field: 'actions', message: 'is empty: a provider offers at least one action' });
  return described;
}

/** What undoes an action is a write beside it. It has no secrets: its input is kept from the end of the run on, and shown. */
function checkUndos(described: ReadonlyMap<string, DescribedAction>, findings: Findings): void {
  for (const [name, { manifest }] of described) {
    if (manifest.undo === undefined) continue;
    const field = `actions/${name}/undo`;
    const inverse = described.get(manifest.undo);
    if (inverse === undefined) findings.push({ field, message: `there is no action '${manifest.undo}' in this provider` });
    else if (inverse.manifest.kind !== 'write')
      findings.push({ field, message: `'${manifest.undo}' is a read: it undoes nothing` });
    else if (inverse.secretFields !== undefined)
      findings.push({ field, message: `'${manifest.undo}' has secret fields, and what undoes a run is kept and shown` });
  }
}
