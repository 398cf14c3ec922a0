import type { Counts } from './vitest-counts.ts';

/** What Playwright says of a run, in its JSON report; the fields that we count. */
export interface BrowserReport {
  readonly stats: { readonly expected: number; readonly unexpected: number; readonly flaky: number; readonly skipped: number };
  /** What went wrong outside every test: a file that does not load, a company that does not start. */
  readonly errors: readonly unknown[];
}

/** Counts a run of the browser tests. What fails without a test that fails counts as one failure. */
export function countBrowserTests(report: BrowserReport | undefined, exitCode: number): Counts {
  if (report === undefined) return { passed: 0, failed: 1, skipped: 0 };
  const { expected, unexpected, flaky, skipped } = report.stats;
  const failed = unexpected + flaky + report.errors.length;
  return { passed: expected, failed: failed === 0 && exitCode !== 0 ? 1 : failed, skipped };
}
