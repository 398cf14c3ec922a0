import { expect, test } from 'vitest';
import { fr } from '../src/messages/fr/index.ts';

interface Words {
  readonly texts: readonly string[];
  /** The sources of those that are made of something. */
  readonly made: readonly string[];
}

function wordsOf(messages: unknown): Words {
  if (typeof messages === 'string') return { texts: [messages], made: [] };
  if (typeof messages === 'function') return { texts: [], made: [messages.toString()] };
  const parts = typeof messages === 'object' && messages !== null ? Object.values(messages).map(wordsOf) : [];
  return { texts: parts.flatMap(({ texts }) => texts), made: parts.flatMap(({ made }) => made) };
}

test('French texts keep a double mark on the line of its word, and have the apostrophe of print', () => {
  const { texts, made } = wordsOf(fr);
  expect(texts.length).toBeGreaterThan(900);
  expect(made.length).toBeGreaterThan(100);
  expect(texts.filter((text) => / [;:!?»]|« |\p{L}'\p{L}/u.test(text))).toEqual([]);
  // In code a space before `?` or `:` may be that of a condition.
  expect(made.filter((source) => / [;»]|« | [?!][`']| : \$\{|\p{L} : \p{L}/u.test(source.replaceAll(/ \? .* : /g, '')))).toEqual(
    [],
  );
});
