import type { ProviderEndpoint } from '@guichet/contract';
import type { PostgresConfigInput } from './config.ts';
import { createPostgresProvider } from './provider.ts';

/** Mounts the provider in the process of a gateway. `options` is the configuration; its paths are relative to `folder`. */
export function mount(
  options: Readonly<Record<string, unknown>>,
  { folder, dataDir }: { readonly folder: string; readonly dataDir: string },
): { endpoint: ProviderEndpoint; close(): Promise<void> } {
  // What it really is, is what is checked.
  const config = options as PostgresConfigInput;
  const provider = createPostgresProvider(config, { label: 'providers.postgres.options', folder });
  return { endpoint: provider.endpoint({ dataDir }), close: () => provider.close() };
}
