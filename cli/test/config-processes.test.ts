import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { readConfig } from '../src/config/config-file.ts';

const MODULE = new URL('../src/config/config-file.ts', import.meta.url).href;
/** Notes 20 profiles, one after the other, as that many sign-ins would. */
const PROGRAM = `
  import { changeProfile } from ${JSON.stringify(MODULE)};
  const [path, name] = process.argv.slice(1);
  for (let n = 0; n < 20; n++) await changeProfile(path, name + n, () => ({ gateway: 'http://localhost' }));
`;

test('processes that note their sign-ins at the same time lose none of another', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'guichet-config-'));
  try {
    const path = join(folder, 'config.json');
    const names = ['nadia', 'amine', 'sven', 'lea'];
    const note = (name: string) => promisify(execFile)(process.execPath, ['--input-type=module', '-e', PROGRAM, path, name]);
    await Promise.all(names.map(note));
    const noted = Object.keys(readConfig(path).profiles);
    expect(noted.sort()).toEqual(names.flatMap((name) => Array.from({ length: 20 }, (_, n) => `${name}${n}`)).sort());
    expect(statSync(path).mode & 0o777).toBe(0o600);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
