export type { ConfigSource, PostgresConfigInput } from './config.ts';
export { createPostgresProvider, loadPostgresProvider, type PostgresProvider } from './provider.ts';
