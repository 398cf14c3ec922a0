import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';

export interface ChangedCompanies extends AsyncDisposable {
  /** Path of the company file with other words in it. */
  with(changes: Readonly<Record<string, string>>): Promise<string>;
}

/** Versions of a company file, as it could be on another day. */
export async function changedCompanies(file: string): Promise<ChangedCompanies> {
  const folder = await mkdtemp(join(tmpdir(), 'guichet-companies-'));
  return {
    with: async (changes) => {
      let text = await readFile(file, 'utf8');
      for (const [from, to] of Object.entries(changes)) {
        expect(text).toContain(from);
        text = text.replace(from, to);
      }
      const changed = join(folder, `${crypto.randomUUID()}.yaml`);
      await writeFile(changed, text);
      return changed;
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
