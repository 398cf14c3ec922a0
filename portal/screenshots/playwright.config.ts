import { defineConfig } from '@playwright/test';
import tests from '../playwright.config.ts';

/** Makes the pictures of docs/guide/console anew, from the company of `npm start`: `npm run screenshots --workspace portal`. */
export default defineConfig({
  ...tests,
  testDir: '.',
  testMatch: 'guide.shots.ts',
  outputDir: '../../.data/console-screenshots',
  globalSetup: '../test/support/global-setup.ts',
  timeout: 120_000,
  reporter: 'list',
});
