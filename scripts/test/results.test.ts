import { expect, test } from 'vitest';
import { addResults, formatResults, NO_RESULTS } from '../results.ts';
import { type VitestReport, vitestResults } from '../vitest-results.ts';

const PROJECT = '/home/nadia/guichet';
const GREEN: VitestReport = { success: true, numPassedTests: 3, numPendingTests: 0, numTodoTests: 0, testResults: [] };

const file = (assertionResults: VitestReport['testResults'][number]['assertionResults'], message = '') => ({
  name: `${PROJECT}/gateway/test/login.test.ts`,
  status: 'failed',
  message,
  assertionResults,
});

test('counts what passed and was skipped', () => {
  expect(formatResults(vitestResults(GREEN, 0, PROJECT))).toBe('3 passed, 0 failed');
  expect(formatResults(vitestResults({ ...GREEN, numPendingTests: 1, numTodoTests: 1 }, 0, PROJECT))).toBe(
    '3 passed, 0 failed, 2 skipped',
  );
});

test('says at the end of a run which tests failed, and why', () => {
  const failed = {
    status: 'failed',
    fullName: 'login refuses a wrong state',
    failureMessages: ['\u001b[31mAssertionError\u001b[39m: expected 302 to be 400\n    at login.test.ts:12'],
  };
  const testResults = [file([failed, { status: 'passed', fullName: 'login signs in' }])];
  expect(formatResults(vitestResults({ ...GREEN, success: false, testResults }, 1, PROJECT))).toBe(
    [
      'FAILED gateway/test/login.test.ts › login refuses a wrong state',
      '  AssertionError: expected 302 to be 400',
      '      at login.test.ts:12',
      '',
      '3 passed, 1 failed',
    ].join('\n'),
  );
});

test('repeats the beginning of a long reason', () => {
  const reason = Array.from({ length: 400 }, (_, line) => `line ${line}`).join('\n');
  expect(formatResults({ ...NO_RESULTS, failures: [{ title: 'a test', reason }] }).split('\n').length).toBeLessThan(20);
});

test('a file that does not load is a failure', () => {
  const testResults = [file([{ status: 'pending', fullName: 'login signs in' }], 'Cannot find module x')];
  expect(vitestResults({ ...GREEN, success: false, testResults }, 1, PROJECT).failures).toEqual([
    { title: 'gateway/test/login.test.ts, outside its tests', reason: 'Cannot find module x' },
  ]);
});

test('is never green when the run was not', () => {
  expect(vitestResults(GREEN, 1, PROJECT).failures).toHaveLength(1);
  expect(vitestResults({ ...GREEN, success: false }, 0, PROJECT).failures).toHaveLength(1);
  expect(vitestResults(undefined, 0, PROJECT).failures).toHaveLength(1);
});

test('adds the parts of a run', () => {
  const a = { passed: 1, failures: [{ title: 'a' }], skipped: 2 };
  const b = { passed: 4, failures: [{ title: 'b' }], skipped: 1 };
  expect(addResults(addResults(NO_RESULTS, a), b)).toEqual({ passed: 5, failures: [{ title: 'a' }, { title: 'b' }], skipped: 3 });
});
