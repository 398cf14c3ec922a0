import { expect, test } from 'vitest';
import { quotedName } from '../src/quoted-name.ts';

test.each([
  ['guichet_observer', 'guichet_observer'],
  ['guichet-observer', '"guichet-observer"'],
  ['Guichet', '"Guichet"'],
  ['so "called" é', '"so ""called"" é"'],
  ['1st', '"1st"'],
])('writes %s as SQL takes it', (name, quoted) => {
  expect(quotedName(name)).toBe(quoted);
});
