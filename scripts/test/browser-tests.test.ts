import { expect, test } from 'vitest';
import { type BrowserReport, browserResults } from '../browser-results.ts';
import { chosenTests } from '../chosen-tests.ts';

const SPECS = ['portal/test/sign-in.spec.ts', 'portal/test/theme.spec.ts'];
const report = (
  stats: BrowserReport['stats'],
  suites: BrowserReport['suites'] = [],
  errors: BrowserReport['errors'] = [],
): BrowserReport => ({ stats, suites, errors });

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

test('says which browser tests failed; one that passes at a second attempt has failed', () => {
  const spec = (title: string, status: 'expected' | 'unexpected' | 'flaky', ...messages: string[]) => ({
    title,
    file: 'theme.spec.ts',
    line: 12,
    tests: [{ status, results: [{ errors: messages.map((message) => ({ message })) }] }],
  });
  const inner = { specs: [spec('prints', 'flaky', 'no paper')] };
  const suites = [{ specs: [spec('is light', 'expected'), spec('is dark', 'unexpected', 'it is light')], suites: [inner] }];
  expect(browserResults(report({ expected: 5, skipped: 2 }, suites), 1, 'portal/test')).toEqual({
    passed: 5,
    failures: [
      { title: 'portal/test/theme.spec.ts:12 › is dark', reason: 'it is light' },
      { title: 'portal/test/theme.spec.ts:12 › prints', reason: 'no paper' },
    ],
    skipped: 2,
  });
});

test('what fails outside every browser test is a failure', () => {
  const stats = { expected: 5, skipped: 0 };
  const message = 'the company did not start';
  expect(browserResults(report(stats, [], [{ message }]), 1, 'portal/test').failures).toEqual([
    { title: 'portal/test, outside its tests', reason: message },
  ]);
  expect(browserResults(report(stats), 1, 'portal/test').failures).toHaveLength(1);
  expect(browserResults(undefined, 0, 'portal/test').failures).toHaveLength(1);
  expect(browserResults(report(stats), 0, 'portal/test')).toEqual({ passed: 5, failures: [], skipped: 0 });
});
