import { readFile } from 'node:fs/promises';
import { GuichetError } from '@guichet/contract';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { action, defineProvider } from '../src/index.ts';

const guide = await readFile(new URL('../../docs/guide/write-an-action.md', import.meta.url), 'utf8');

test.each(['flags.ts', 'main.ts', 'flags.test.ts'])('the guide shows %s as it is checked and tested', async (file) => {
  const code = await readFile(new URL(`./guide/${file}`, import.meta.url), 'utf8');
  expect(guide.includes(`\`\`\`ts\n${code}\`\`\`\n`)).toBe(true);
});

test('the guide shows the findings of a wrong definition as they are', () => {
  const wrong = {
    title: 'Set',
    kind: 'write',
    risk: 'reversible',
    input: z.strictObject({ flag: z.string(), on: z.boolean() }),
    output: 'text',
    options: { flg: () => [] },
    examples: [{ title: 'x', input: { flag: 'x', on: 'yes' } }],
    run: () => ({ kind: 'text', text: '' }),
  };
  let told = '';
  try {
    // Wrong on purpose, as an author without types might write it.
    const set = action('set', wrong as unknown as Parameters<typeof action>[1]);
    defineProvider({ name: 'flags', title: 'F', version: '1', team: 't', actions: [set] });
  } catch (error) {
    told = error instanceof GuichetError ? error.message : '';
  }
  expect(guide.includes(told.replaceAll(/^/gm, '    '))).toBe(true);
  expect(told.split('\n')).toHaveLength(4);
});
