import type { Failure, Results } from './results.ts';

/** What Playwright says of a run, in its JSON report; the fields that we read. */
export interface BrowserReport {
  readonly stats: { readonly expected: number; readonly skipped: number };
  readonly suites: readonly BrowserSuite[];
  /** What went wrong outside every test: a file that does not load, a company that does not start. */
  readonly errors: readonly { readonly message?: string }[];
}

interface BrowserSuite {
  readonly specs: readonly BrowserSpec[];
  readonly suites?: readonly BrowserSuite[];
}

interface BrowserSpec {
  readonly title: string;
  readonly file: string;
  readonly line: number;
  readonly tests: readonly {
    readonly status: 'skipped' | 'expected' | 'unexpected' | 'flaky';
    readonly results: readonly { readonly errors: readonly { readonly message?: string }[] }[];
  }[];
}

/** Reads a run of the browser tests of `folder`. What fails without a test that fails is one failure. */
export function browserResults(report: BrowserReport | undefined, exitCode: number, folder: string): Results {
  if (report === undefined) return { passed: 0, failures: [{ title: 'playwright: it has left no report' }], skipped: 0 };
  const failures: Failure[] = [
    ...report.suites.flatMap((suite) => failuresOf(suite, folder)),
    ...report.errors.map(({ message }) => ({ title: `${folder}, outside its tests`, reason: message })),
  ];
  if (failures.length === 0 && exitCode !== 0) {
    failures.push({ title: `playwright: no test has failed, and it ended with ${exitCode}; its own words are further up` });
  }
  return { passed: report.stats.expected, failures, skipped: report.stats.skipped };
}

/** A test that passes at a second attempt has failed too: it has found something. */
function failuresOf({ specs, suites = [] }: BrowserSuite, folder: string): Failure[] {
  const here = specs.flatMap(({ title, file, line, tests }) =>
    tests
      .filter(({ status }) => status === 'unexpected' || status === 'flaky')
      .map(({ results }) => ({
        title: `${folder}/${file}:${line} › ${title}`,
        reason: results.flatMap(({ errors }) => errors.map(({ message = '' }) => message)).join('\n'),
      })),
  );
  return [...here, ...suites.flatMap((suite) => failuresOf(suite, folder))];
}
