import { createHash } from 'node:crypto';
import { createReadStream, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { GuichetError } from '@guichet/contract';
import { type ArchiveManifest, inSequence, readManifest } from '@guichet/contract/audit-log';
import { linesIn } from './log-files.ts';

interface Archive {
  readonly path: string;
  readonly manifest: ArchiveManifest;
}

function readArchive(path: string): Archive[] {
  try {
    const manifest = readManifest(readFileSync(join(path, 'manifest.json'), 'utf8'));
    return manifest === undefined ? [] : [{ path, manifest }];
  } catch {
    return []; // a folder of something else
  }
}

function archivesIn(folder: string): Archive[] {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => /^audit-\d+-\d+$/.test(name));
  } catch (cause) {
    throw new GuichetError('usage.invalid', `${folder} is no folder that can be read.`, { cause });
  }
  const archives = inSequence([folder, ...names.map((name) => join(folder, name))].flatMap(readArchive));
  if (archives.length > 0) return archives;
  throw new GuichetError('usage.invalid', `${folder} holds no archive of an audit log.`, {
    remedy: "Name the folder that the gateway's own archive-audit was given with --to, or one of the folders in it.",
  });
}

/** The events of the archives in a folder, oldest first. Rejects when a file is not the one that its manifest names. */
export async function* archivedLines(folder: string): AsyncGenerator<string> {
  for (const { path, manifest } of archivesIn(folder)) {
    const { name, sha256 } = manifest.events;
    const file = join(path, name);
    const hasher = createHash('sha256');
    const input = createReadStream(file);
    const unpacked = createGunzip();
    input.on('data', (chunk) => hasher.update(chunk));
    input.on('error', (error) => unpacked.destroy(error));
    try {
      for await (const lines of linesIn(input.pipe(unpacked).setEncoding('utf8'))) yield* lines;
    } catch (cause) {
      throw new GuichetError('usage.invalid', `${file} cannot be read: ${cause instanceof Error ? cause.message : cause}.`, {
        cause,
      });
    } finally {
      input.destroy();
    }
    if (hasher.digest('hex') !== sha256)
      throw new GuichetError('usage.invalid', `${file} is not the file that its manifest names: it was changed.`);
  }
}
