import { stripVTControlCharacters } from 'node:util';

export interface Failure {
  /** What failed, e.g. `gateway/test/login.test.ts › signs in`. */
  readonly title: string;
  /** What was said of it, as it was written; lines, colours and all. */
  readonly reason?: string | undefined;
}

/** How a part of `npm test` ended. */
export interface Results {
  readonly passed: number;
  readonly failures: readonly Failure[];
  readonly skipped: number;
}

export const NO_RESULTS: Results = { passed: 0, failures: [], skipped: 0 };

export function addResults(a: Results, b: Results): Results {
  return { passed: a.passed + b.passed, failures: [...a.failures, ...b.failures], skipped: a.skipped + b.skipped };
}

/** Lines of a reason that are repeated at the end: what was expected, and what came. */
const REASON_LINES = 12;

/** The last words of a run: each failure again, as whoever reads the end of a long log looks for them there; then the counts. */
export function formatResults({ passed, failures, skipped }: Results): string {
  const told = failures.map(({ title, reason = '' }) => {
    const lines = stripVTControlCharacters(reason)
      .split('\n')
      .filter((line) => line.trim() !== '');
    return [`FAILED ${title}`, ...lines.slice(0, REASON_LINES).map((line) => `  ${line}`), ''];
  });
  const counts = `${passed} passed, ${failures.length} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
  return [...told.flat(), counts].join('\n');
}
