import { createDatabase, ensureTemplate, type TestDatabase } from './databases.ts';

export { guardProcess } from '../guard.mjs';
export { temporaryDataDir } from './data-home.ts';
export { createDatabase, ensureTemplate, type TestDatabase, withDatabase } from './databases.ts';

/** Where the test run says which server it has started for the test files of a worker, the first of which is 1. */
export const testServerVariable = (worker: number | string): string => `GUICHET_TEST_POSTGRES_${worker}`;

/** Superuser URL of the PostgreSQL 18 server that the test files of a worker share; no two of them run at a time. */
export function testServerUrl(): string {
  const variable = testServerVariable(process.env['VITEST_POOL_ID'] ?? '1');
  const url = process.env[variable];
  if (url === undefined) throw new Error(`${variable} is not set: run the tests with npm test, or vitest from the root.`);
  return url;
}

/**
 * A fresh, isolated database on the shared server; drop it when done (`await using` does). With `template` and
 * `prepare` it is a clone of a database that `prepare` filled once for the whole run.
 */
export async function testDatabase(
  options: { readonly template: string; readonly prepare: (url: string) => Promise<void> } | undefined = undefined,
): Promise<TestDatabase> {
  const server = testServerUrl();
  if (options === undefined) return createDatabase(server);
  const template = await ensureTemplate(server, { name: options.template, prepare: options.prepare });
  return createDatabase(server, { template });
}
