import { expect, test } from 'vitest';
import { readable, readableLines } from '../src/ui/readable.ts';

test('shows what turns the direction of reading, takes no room or controls, by its number', () => {
  expect(readable('delete \u202Edev\u202C of orders')).toBe('delete [U+202E]dev[U+202C] of orders');
  expect(readable('pay\u200Bments\u0007 \u{E0041}')).toBe('pay[U+200B]ments[U+0007] [U+E0041]');
  expect(readable('a\u2066b\u2069\u001B[31m')).toBe('a[U+2066]b[U+2069][U+001B][31m');
});

test('leaves the words of every language, and their lines, as they are', () => {
  for (const text of ['Rembourser l’été\n\tdeux lignes', 'می‌خواهم', 'שלום', '東京', '👩‍💻 done'])
    expect(readable(text)).toBe(text);
  expect(readable('one\r\ntwo')).toBe('one\ntwo');
});

test('takes many empty lines for one, so that nothing is pushed out of sight', () => {
  expect(readableLines(`fine${'\n \n'.repeat(500)}the rest\n\nof it`)).toBe('fine\n\nthe rest\n\nof it');
});
