import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['**/test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', '.data/**', '.runtime/**', '.types/**'],
    globalSetup: ['scripts/test-server.ts'],
    // Real processes and servers are started by tests: a crash of one file must not reach another.
    pool: 'forks',
    // Two files at a time, on any machine: half of the time a test waits for a process, a timer, a disk.
    maxWorkers: 2,
    execArgv: ['--no-turbo-inline-js-wasm-calls'], // as scripts/run.mjs does
    // Two cores shared with a few PostgreSQL servers: these limits only catch what hangs.
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
