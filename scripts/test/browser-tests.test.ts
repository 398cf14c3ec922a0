import { expect, test } from 'vitest';
import { type BrowserReport, countBrowserTests } from '../browser-counts.ts';
import { chosenTests } from '../chosen-tests.ts';

const SPECS = ['portal/test/sign-in.spec.ts', 'portal/test/theme.spec.ts'];
const report = (stats: Partial<BrowserReport['stats']>, errors: readonly unknown[] = []): BrowserReport => ({
  stats: { expected: 0, unexpected: 0, flaky: 0, skipped: 0, ...stats },
  errors,
});

test('all tests run when nothing is named', () => {
  expect(chosenTests([], SPECS)).toEqual({ vitest: [], browser: [] });
});

test('a file of browser tests is run alone', () => {
  expect(chosenTests(['portal/test/theme.spec.ts'], SPECS)).toEqual({
    vitest: undefined,
    browser: ['portal/test/theme.spec.ts'],
  });
});

test('other words leave the browser out, a folder of both takes both', () => {
  expect(chosenTests(['gateway/test'], SPECS)).toEqual({ vitest: ['gateway/test'], browser: undefined });
  expect(chosenTests(['portal/test'], SPECS)).toEqual({ vitest: ['portal/test'], browser: SPECS });
});

test('browser tests are counted, and one that passes at a second attempt has failed', () => {
  expect(countBrowserTests(report({ expected: 5, unexpected: 1, flaky: 1, skipped: 2 }), 1)).toEqual({
    passed: 5,
    failed: 2,
    skipped: 2,
  });
});

test('what fails outside every browser test is a failure', () => {
  expect(countBrowserTests(report({ expected: 5 }, [{ message: 'the company did not start' }]), 1).failed).toBe(1);
  expect(countBrowserTests(report({ expected: 5 }), 1).failed).toBe(1);
  expect(countBrowserTests(undefined, 0).failed).toBe(1);
  expect(countBrowserTests(report({ expected: 5 }), 0)).toEqual({ passed: 5, failed: 0, skipped: 0 });
});
