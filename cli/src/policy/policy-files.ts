import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { GuichetError, type PolicyFile } from '@guichet/contract';

/** The *.cedar files of a folder, named as a gateway names them: so the same files have the same digest here and there. */
export function readPolicies(folder: string): PolicyFile[] {
  const files = namesIn(folder)
    .filter((name) => name.endsWith('.cedar'))
    .sort()
    .map((name) => ({ ...readTextFile(join(folder, name)), path: name }));
  if (files.length > 0) return files;
  throw new GuichetError('usage.invalid', `${folder} holds no policies.`, { remedy: 'Policies are files that end in .cedar.' });
}

/** Something about such files, under the paths that one can open from here. */
export function fromHere<About extends { readonly path: string }>(items: readonly About[], folder: string | undefined): About[] {
  return items.map((item) =>
    folder !== undefined && item.path.endsWith('.cedar') ? { ...item, path: join(folder, item.path) } : item,
  );
}

export function readTextFile(path: string): PolicyFile {
  try {
    return { path, text: new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path)) };
  } catch (cause) {
    if (cause instanceof TypeError) throw new GuichetError('usage.invalid', `${path} is not UTF-8 text.`, { cause });
    throw unreadable(path, cause);
  }
}

function namesIn(folder: string): string[] {
  try {
    if (!statSync(folder).isDirectory())
      throw new GuichetError('usage.invalid', `${folder} is not a folder.`, {
        remedy: 'Name the folder that holds the .cedar files.',
      });
    return readdirSync(folder);
  } catch (cause) {
    throw cause instanceof GuichetError ? cause : unreadable(folder, cause);
  }
}

const WHY: Readonly<Record<string, string>> = {
  ENOENT: 'it is not there',
  EACCES: 'you may not read it',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is no folder',
};

function unreadable(path: string, cause: unknown): GuichetError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return new GuichetError('usage.invalid', `${path} cannot be read: ${WHY[code] ?? code}.`, { remedy: 'Check the path.', cause });
}
