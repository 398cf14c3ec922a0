/**
 * Cedar walks an expression by recursion, and its WebAssembly does not survive the end of its stack: every decision after
 * that fails. Measured, it ends at some 200 brackets in each other and some 400 operators in a row. What people write
 * has a tenth of these limits.
 */
const MOST_NESTED = 32;
const MOST_OPERATORS = 100;
const MOST_STEPS = 400;
const MOST_CHARACTERS = 10_000;

/** Strings and comments, which weigh nothing; then what makes an expression deeper. */
const TOKENS = /"(?:[^"\\]|\\[\s\S])*"?|\/\/[^\n]*|[([{]|[)\]}]|&&|\|\||[-+*]|!(?!=)|\.|\bif\b/g;

/** Why Cedar must not even see the text of a rule, and where (in UTF-16 units); undefined for what can be parsed. */
export function tooComplex(text: string): { readonly message: string; readonly remedy: string; readonly at: number } | undefined {
  const remedy = 'Split it into several rules.';
  if (text.length > MOST_CHARACTERS) return { message: `The rule is longer than ${MOST_CHARACTERS} characters`, remedy, at: 0 };
  let depth = 0;
  let operators = 0;
  let steps = 0;
  for (const { 0: token, index: at } of text.matchAll(TOKENS)) {
    if (token.startsWith('"') || token.startsWith('//')) continue;
    if (token === '.' || token === '[') steps += 1;
    if (')]}'.includes(token)) depth -= 1;
    else if ('([{'.includes(token)) depth += 1;
    else if (token !== '.') operators += 1;
    if (depth > MOST_NESTED) return { message: `Brackets stand more than ${MOST_NESTED} deep in each other`, remedy, at };
    if (operators > MOST_OPERATORS) return { message: `The rule has more than ${MOST_OPERATORS} operators`, remedy, at };
    if (steps > MOST_STEPS) return { message: `The rule looks at more than ${MOST_STEPS} attributes`, remedy, at };
  }
  return undefined;
}
