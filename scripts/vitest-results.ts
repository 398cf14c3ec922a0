import { relative } from 'node:path';
import type { Failure, Results } from './results.ts';

/** What Vitest says of a run, in its JSON report; the fields that we read. */
export interface VitestReport {
  readonly success: boolean;
  readonly numPassedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly VitestFile[];
}

interface VitestFile {
  /** Its path. */
  readonly name: string;
  readonly status: string;
  /** Why it did not load; empty otherwise. */
  readonly message: string;
  readonly assertionResults: readonly VitestTest[];
}

interface VitestTest {
  readonly status: string;
  readonly fullName: string;
  readonly failureMessages?: readonly string[] | null;
}

/**
 * Reads a run of the tests of `project`. What fails without a test that fails is one failure: a file that does not load, an
 * error outside every test, a run that leaves no report.
 */
export function vitestResults(report: VitestReport | undefined, exitCode: number, project: string): Results {
  if (report === undefined) return { passed: 0, failures: [{ title: 'vitest: it has left no report' }], skipped: 0 };
  const failures = report.testResults.flatMap((file) => failuresOf(file, project));
  if (failures.length === 0 && (exitCode !== 0 || !report.success)) {
    failures.push({ title: `vitest: no test has failed, and it ended with ${exitCode}; its own words are further up` });
  }
  return { passed: report.numPassedTests, failures, skipped: report.numPendingTests + report.numTodoTests };
}

function failuresOf(file: VitestFile, project: string): Failure[] {
  if (file.status !== 'failed') return [];
  const path = relative(project, file.name);
  const tests = file.assertionResults.filter(({ status }) => status === 'failed');
  if (tests.length === 0) return [{ title: `${path}, outside its tests`, reason: file.message }];
  return tests.map((test) => ({ title: `${path} › ${test.fullName}`, reason: test.failureMessages?.join('\n') }));
}
