import { createDatabase, ensureTemplate, type TestDatabase } from './databases.ts';

export { guardProcess } from '../guard.mjs';
export { temporaryDataDir } from './data-home.ts';
export { createDatabase, ensureTemplate, type TestDatabase, withDatabase } from './databases.ts';

/** Where the test run says which server it has started for all test files. */
export const TEST_SERVER_VARIABLE = 'GUICHET_TEST_POSTGRES';

/** Superuser URL of the PostgreSQL 18 server that every test file of a run shares. */
export function testServerUrl(): string {
  const url = process.env[TEST_SERVER_VARIABLE];
  if (url === undefined)
    throw new Error(`${TEST_SERVER_VARIABLE} is not set: run the tests with npm test, or vitest from the root.`);
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
