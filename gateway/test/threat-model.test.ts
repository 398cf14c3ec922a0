import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const ROOT = new URL('../../', import.meta.url);
const page = readFileSync(new URL('docs/spec/threat-model.md', ROOT), 'utf8');
const rows = page.split('\n').filter((line) => /^\| T\d+ \|/.test(line));

test('threats are numbered, each once', () => {
  const numbers = rows.map((row) => row.split('|')[1]?.trim());
  expect(numbers.length).toBeGreaterThan(40);
  expect(new Set(numbers).size).toBe(numbers.length);
});

/** Of Vitest anywhere, or of the console in a browser. */
const TEST = /`([^`]+\.test\.ts|portal\/test\/[^`]+\.spec\.ts)`(?: \*(.+?)\*)? \|$/;

test.each(rows.map((row) => [row.split('|')[1]?.trim(), row] as const))('a test stands against %s', (_, row) => {
  const [, file = '', title] = TEST.exec(row) ?? [];
  expect(file, row).not.toBe('');
  expect(existsSync(new URL(file, ROOT)), file).toBe(true);
  const source = readFileSync(new URL(file, ROOT), 'utf8');
  expect(title, row).toBeDefined();
  expect(source.includes(title ?? ''), `${file} has no test '${title}'`).toBe(true);
});
