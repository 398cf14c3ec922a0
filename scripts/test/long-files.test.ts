import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LONGEST_FILE, longFiles } from '../long-files.ts';

test('names the sources that are longer than they may be', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'guichet-long-'));
  await writeFile(join(folder, 'just.ts'), '\n'.repeat(LONGEST_FILE));
  await writeFile(join(folder, 'long.ts'), '\n'.repeat(LONGEST_FILE + 1));
  await writeFile(join(folder, 'data.json'), '\n'.repeat(LONGEST_FILE + 1));
  expect(longFiles(folder, ['just.ts', 'long.ts', 'data.json'])).toEqual([
    `long.ts has ${LONGEST_FILE + 1} lines; split it by idea`,
  ]);
  await rm(folder, { recursive: true });
});
