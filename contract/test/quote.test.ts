import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { quote } from '../src/command-line/index.ts';

const HOSTILE = [
  "it's \\n\u001b[201~; id #",
  'a\u0003b',
  'live \u202edved',
  'C1 \u009b31m',
  "' ; id ; '",
  'two\nlines',
  '$(id)`id`',
];

it.each(HOSTILE)('says %j to a shell as it is, with nothing that a terminal obeys when it is pasted', (text) => {
  const typed = quote(text);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  expect(typed).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  expect(execFileSync('bash', ['-c', `printf %s ${typed}`], { encoding: 'utf8' })).toBe(text);
});
