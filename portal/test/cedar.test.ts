import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { cedarPieces } from '../src/ui/cedar.ts';

const FOLDER = fileURLToPath(new URL('../../gateway/policies', import.meta.url));

test('the pieces of every policy that comes along are its text again', () => {
  for (const name of readdirSync(FOLDER).filter((path) => path.endsWith('.cedar'))) {
    const text = readFileSync(`${FOLDER}/${name}`, 'utf8');
    expect(
      cedarPieces(text)
        .map((piece) => piece.text)
        .join(''),
    ).toBe(text);
  }
});

test('comments, annotations, keywords, names and texts are told apart', () => {
  const pieces = cedarPieces('// why\n@id("a")\nforbid (principal in Team::"x") when { context.risk == "permit" };');
  const of = (kind: string): string[] => pieces.filter((piece) => piece.kind === kind).map(({ text }) => text);
  expect(of('comment')).toEqual(['// why']);
  expect(of('annotation')).toEqual(['@id']);
  expect(of('keyword')).toEqual(['forbid', 'principal', 'in', 'when', 'context']);
  expect(of('name')).toEqual(['Team']);
  expect(of('string')).toEqual(['"a"', '"x"', '"permit"']);
});

test('a text that is not finished is drawn as far as it goes', () => {
  expect(
    cedarPieces('permit (principal == User::"nad')
      .map(({ text }) => text)
      .join(''),
  ).toBe('permit (principal == User::"nad');
});
