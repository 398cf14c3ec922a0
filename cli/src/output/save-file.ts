import { writeFileSync } from 'node:fs';
import { formatBytes, GuichetError, type Output } from '@guichet/contract';
import type { Shell } from '../shell.ts';

/** Saves a file that an action gave where --output-file says; false when the flag was not given. Never overwrites. */
export async function saveFile(shell: Shell, output: Output | null, path: unknown): Promise<boolean> {
  if (path === undefined) return false;
  if (output?.kind !== 'file')
    throw new GuichetError(
      'usage.invalid',
      `--output-file saves a file; this gave ${output === null ? 'nothing' : `a ${output.kind}`}.`,
    );
  const content = Buffer.from(output.base64, 'base64');
  try {
    writeFileSync(String(path), content, { flag: 'wx', mode: 0o600 });
  } catch (cause) {
    const exists = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST';
    throw new GuichetError('usage.invalid', exists ? `${path} is there already.` : `${path} cannot be written.`, {
      remedy: exists ? 'Choose another name, or remove it first.' : cause instanceof Error ? cause.message : undefined,
      cause,
    });
  }
  shell.say(`Saved ${path} (${formatBytes(content.length)}).`);
  return true;
}
