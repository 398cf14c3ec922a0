/** Which tests the words after `npm test --` ask for. Undefined: none of that kind. */
export interface ChosenTests {
  /** Parts of paths, for Vitest; none for all. */
  readonly vitest: readonly string[] | undefined;
  /** Files of the browser tests; none for all. */
  readonly browser: readonly string[] | undefined;
}

/**
 * `specs` are the files of the browser tests. A word that names some of them asks for these; one that is written like their
 * names asks for nothing else.
 */
export function chosenTests(words: readonly string[], specs: readonly string[]): ChosenTests {
  if (words.length === 0) return { vitest: [], browser: [] };
  const vitest = words.filter((word) => !word.includes('.spec'));
  const browser = specs.filter((spec) => words.some((word) => spec.includes(word)));
  return { vitest: vitest.length > 0 ? vitest : undefined, browser: browser.length > 0 ? browser : undefined };
}
