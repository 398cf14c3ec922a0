import { expect, test } from 'vitest';
import { countTests, formatCounts, type VitestReport } from '../vitest-counts.ts';

const GREEN: VitestReport = {
  success: true,
  numPassedTests: 3,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  testResults: [],
};

test('counts what passed, failed and was skipped', () => {
  const report = { ...GREEN, success: false, numFailedTests: 1, numPendingTests: 1, numTodoTests: 1 };
  expect(formatCounts(countTests(report, 1))).toBe('3 passed, 1 failed, 2 skipped');
  expect(formatCounts(countTests(GREEN, 0))).toBe('3 passed, 0 failed');
});

test('counts a file that does not load as a failure', () => {
  const testResults = [
    { status: 'failed', assertionResults: [] },
    { status: 'passed', assertionResults: [{ status: 'passed' }] },
  ];
  expect(countTests({ ...GREEN, success: false, testResults }, 1).failed).toBe(1);
});

test('counts a failure once when its test has failed too', () => {
  const testResults = [{ status: 'failed', assertionResults: [{ status: 'failed' }] }];
  expect(countTests({ ...GREEN, success: false, numFailedTests: 1, testResults }, 1).failed).toBe(1);
});

test('is never green when the run was not', () => {
  expect(countTests(GREEN, 1).failed).toBe(1);
  expect(countTests({ ...GREEN, success: false }, 0).failed).toBe(1);
  expect(countTests(undefined, 0).failed).toBe(1);
});
