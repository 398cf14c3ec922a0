import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { GuichetError, type ProviderEndpoint } from '@guichet/contract';
import { type Grants, HttpEndpoint, type ProviderSource } from './catalog/index.ts';
import type { Config, ProviderConfig } from './config.ts';

/** What a module named in `providers` must export as `mount`. */
export type Mount = (options: Readonly<Record<string, unknown>>, context: MountContext) => Promise<Mounted> | Mounted;

export interface MountContext {
  /** The folder of the configuration: what relative paths start from. */
  readonly folder: string;
  /** A folder of the provider's own, for its ledger and its key; made by whoever writes to it first. */
  readonly dataDir: string;
}

export interface Mounted {
  readonly endpoint: ProviderEndpoint;
  close?(): Promise<void>;
}

/** A provider of the configuration: one on the network, or a module that is mounted in this process. */
export async function sourceOf(
  provider: ProviderConfig,
  { config, grants, closers }: { config: Config; grants: Grants; closers: (() => Promise<void>)[] },
): Promise<ProviderSource> {
  const { name, receiptKey } = provider;
  if ('url' in provider)
    return { name, receiptKey, endpoint: new HttpEndpoint({ name, url: provider.url.replace(/\/$/, ''), grants }) };
  const location = resolve(config.folder, provider.module);
  const dataDir = resolve(config.folder, config.dataDir, 'providers', name);
  const module = (await import(pathToFileURL(location).href).catch((cause: unknown) => {
    throw new GuichetError(
      'config.invalid',
      `Provider '${name}': the module ${location} cannot be loaded: ${cause instanceof Error ? cause.message : ''}`,
      { remedy: "Set 'module' in the configuration to a file, relative to the folder of the configuration.", cause },
    );
  })) as { mount?: Mount }; // whatever a module exports is looked at below
  if (typeof module.mount !== 'function')
    throw new GuichetError('config.invalid', `Provider '${name}': ${location} exports no function 'mount'.`, {
      remedy: 'Export one that returns { endpoint }.',
    });
  const { endpoint, close } = await module.mount(provider.options, { folder: config.folder, dataDir });
  if (close !== undefined) closers.push(() => close());
  return { name, receiptKey, endpoint, mounted: true };
}
