import { defineConfig } from '@playwright/test';
import { CHROMIUM_ARGS } from './chromium.ts';
import { CHROMIUM_VARIABLE } from './test/support/running.ts';

/**
 * The console in a real browser, against the company of `npm start`. Run by `npm test`; `npm test -- portal/test/x.spec.ts`
 * runs one file. All files share one company and one browser: they are run one after the other.
 */
export default defineConfig({
  testDir: 'test',
  testMatch: '**/*.spec.ts',
  outputDir: '../.data/console-tests',
  globalSetup: './test/support/global-setup.ts',
  workers: 1,
  forbidOnly: process.env['CI'] !== undefined,
  // A test that passes at the second attempt has found something.
  retries: 0,
  timeout: 30_000,
  expect: { timeout: 10_000 },
  reporter: [
    ['list'],
    ...(process.env['GUICHET_CONSOLE_REPORT'] === undefined
      ? []
      : [['json', { outputFile: process.env['GUICHET_CONSOLE_REPORT'] }] as const]),
  ],
  use: {
    locale: 'en-GB',
    timezoneId: 'Europe/Paris',
    viewport: { width: 1440, height: 900 },
    colorScheme: 'light',
    contextOptions: { reducedMotion: 'reduce' },
    trace: 'retain-on-failure',
    launchOptions: {
      args: [...CHROMIUM_ARGS],
      ...(process.env[CHROMIUM_VARIABLE] !== undefined && { executablePath: process.env[CHROMIUM_VARIABLE] }),
    },
  },
});
