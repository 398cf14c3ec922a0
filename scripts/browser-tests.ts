import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launchChromium } from '@guichet/portal/chromium';
import { type BrowserReport, browserResults } from './browser-results.ts';
import type { Results } from './results.ts';
import { PROJECT } from './runtime.mjs';

const FOLDER = 'portal/test';

/** The files of the browser tests, as paths in the project. */
export async function browserSpecs(): Promise<string[]> {
  const names = await readdir(join(PROJECT, FOLDER)).catch(() => []);
  return names.filter((name) => name.endsWith('.spec.ts')).map((name) => `${FOLDER}/${name}`);
}

/** Runs browser tests, all when no file is named. Where Chromium does not start they are skipped, and the reason is said. */
export async function runBrowserTests(
  files: readonly string[],
  runProgram: (file: string, args: readonly string[], env: Record<string, string>) => Promise<number>,
): Promise<Results> {
  const folder = await mkdtemp(join(tmpdir(), 'guichet-browser-'));
  try {
    const missing = await whyNoChromium(folder);
    if (missing !== undefined) {
      process.stdout.write(`Chromium does not start here, so no page is tried: ${missing}\n`);
      return { passed: 0, failures: [], skipped: Math.max(1, files.length) };
    }
    const report = join(folder, 'report.json');
    const only = files.map((file) => file.replace(/[.]/g, '\\.'));
    const code = await runProgram('@playwright/test/cli.js', ['test', '-c', 'portal', ...only], {
      GUICHET_CONSOLE_REPORT: report,
    });
    const text = await readFile(report, 'utf8').catch(() => undefined);
    // The format of Playwright's JSON reporter.
    return browserResults(text === undefined ? undefined : (JSON.parse(text) as BrowserReport), code, FOLDER);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function whyNoChromium(folder: string): Promise<string | undefined> {
  try {
    await (await launchChromium(folder)).close();
    return undefined;
  } catch (error) {
    return error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
  }
}
