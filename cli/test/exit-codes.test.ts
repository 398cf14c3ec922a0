import { readFileSync } from 'node:fs';
import { EXIT } from '@guichet/contract';
import { expect, it } from 'vitest';

const text = readFileSync(new URL('../../docs/spec/exit-codes.md', import.meta.url), 'utf8');
/** Rows of the table: `| 22 | rejected | ... |`. */
const documented = [...text.matchAll(/^\| (\d+) \| `(\w+)` \| (.+?) \|/gm)].map(([, code, name]) => [name, Number(code)]);

it('documents every exit code once, by its name and number', () => {
  expect(Object.fromEntries(documented)).toEqual(EXIT);
  expect(documented).toHaveLength(Object.keys(EXIT).length);
});

it('gives no number twice', () => {
  const codes = Object.values(EXIT);
  expect(new Set(codes).size).toBe(codes.length);
});
