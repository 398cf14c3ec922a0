import { createHash, type Hash as Hasher } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { GuichetError } from '@guichet/contract';
import { type ArchiveManifest, inSequence, readManifest } from '@guichet/contract/audit-log';

const MANIFEST = 'manifest.json';
const EVENTS = 'events.jsonl.gz';
const HEADS = 'heads.jsonl';

/** An archive as it lies in a folder of its own. */
export interface Archive {
  readonly path: string;
  readonly manifest: ArchiveManifest;
  /** SHA-256 of its manifest, in hex. */
  readonly digest: string;
}

const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');

/** `audit-000000000001-000000000412` */
const nameOf = ({ from, to }: Pick<ArchiveManifest, 'from' | 'to'>): string =>
  `audit-${String(from).padStart(12, '0')}-${String(to).padStart(12, '0')}`;

export interface ArchiveContent {
  readonly facts: Omit<ArchiveManifest, 'events' | 'heads'>;
  /** Pages of lines. */
  readonly events: AsyncIterable<readonly string[]>;
  readonly heads: AsyncIterable<readonly string[]>;
}

/**
 * Writes an archive and forces it to the disk. It has its name when it is whole: what a process left that died while it
 * wrote has another, and is written anew.
 */
export async function writeArchive(folder: string, { facts, events, heads }: ArchiveContent): Promise<Archive> {
  const path = join(folder, nameOf(facts));
  const unfinished = `${path}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await makeFolder(folder);
  await mkdir(unfinished);
  const manifest: ArchiveManifest = {
    ...facts,
    events: { name: EVENTS, sha256: await writeLines(join(unfinished, EVENTS), events) },
    heads: { name: HEADS, sha256: await writeLines(join(unfinished, HEADS), heads) },
  };
  const text = `${JSON.stringify(manifest, null, 2)}\n`;
  await writeFile(join(unfinished, MANIFEST), text);
  for (const name of [MANIFEST, EVENTS, HEADS]) await force(join(unfinished, name));
  await force(unfinished);
  return { path: unfinished, manifest, digest: sha256(text) };
}

/** What was written has been checked: it gets its name. */
export async function nameArchive(archive: Archive, folder: string): Promise<Archive> {
  const path = join(folder, nameOf(archive.manifest));
  await rename(archive.path, path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOTEMPTY' && cause.code !== 'EEXIST' && cause.code !== 'ENOTDIR') throw cause;
    throw new GuichetError('usage.invalid', `${path} is there already, and is no whole archive.`, {
      remedy: 'See what it is, and move it away.',
      cause,
    });
  });
  await force(folder);
  return { ...archive, path };
}

/** With the folders that it lies in, each of them named on the disk too. */
async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  for (let made = resolve(folder); made.length >= first.length; made = dirname(made)) await force(dirname(made));
}

async function force(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function writeLines(path: string, pages: AsyncIterable<readonly string[]>): Promise<string> {
  const hasher = createHash('sha256');
  async function* text(): AsyncGenerator<string> {
    for await (const lines of pages) if (lines.length > 0) yield `${lines.join('\n')}\n`;
  }
  const steps = path.endsWith('.gz') ? [createGzip(), hashing(hasher)] : [hashing(hasher)];
  await pipeline([Readable.from(text()), ...steps, createWriteStream(path)]);
  return hasher.digest('hex');
}

const hashing = (hasher: Hasher): Transform =>
  new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hasher.update(chunk);
      done(null, chunk);
    },
  });

/** The archive of a folder; undefined when there is none. */
async function readArchive(path: string): Promise<Archive | undefined> {
  const text = await readFile(join(path, MANIFEST), 'utf8').catch(() => undefined); // a folder of something else
  const manifest = text === undefined ? undefined : readManifest(text);
  return text === undefined || manifest === undefined ? undefined : { path, manifest, digest: sha256(text) };
}

/** All whole archives in a folder, or the one that it is. */
export async function archivesIn(folder: string): Promise<Archive[]> {
  const found = await stat(folder).catch(() => undefined);
  if (found === undefined || !found.isDirectory()) return [];
  const names = (await readdir(folder)).filter((name) => /^audit-\d+-\d+$/.test(name)).sort();
  const archives = await Promise.all([folder, ...names.map((name) => join(folder, name))].map(readArchive));
  return archives.filter((archive) => archive !== undefined);
}

/** The archives of a folder that follow each other; says so when there are none. */
export async function sequenceIn(folder: string): Promise<Archive[]> {
  const archives = inSequence(await archivesIn(folder));
  if (archives.length === 0)
    throw new GuichetError('usage.invalid', `${folder} holds no archive of an audit log.`, {
      remedy: 'Name the folder that archive-audit was given with --to, or one of the folders in it.',
    });
  return archives;
}

/** The lines of archives, one after the other. Rejects when a file is not the one that its manifest names. */
export async function* linesOf(archives: readonly Archive[], file: 'events' | 'heads' = 'events'): AsyncGenerator<string> {
  for (const { path, manifest } of archives) {
    const { name, sha256: expected } = manifest[file];
    const hasher = createHash('sha256');
    const steps = name.endsWith('.gz') ? [hashing(hasher), createGunzip()] : [hashing(hasher)];
    const last = steps.at(-1) as Transform; // there is one
    const read = pipeline([createReadStream(join(path, name)), ...steps]);
    read.catch((error: Error) => last.destroy(error));
    try {
      yield* linesIn(last);
      await read;
    } catch (cause) {
      throw new GuichetError(
        'usage.invalid',
        `${join(path, name)} cannot be read: ${cause instanceof Error ? cause.message : cause}.`,
        {
          cause,
        },
      );
    }
    if (hasher.digest('hex') !== expected)
      throw new GuichetError('usage.invalid', `${join(path, name)} is not the file that its manifest names: it was changed.`);
  }
}

/** By line feeds alone: readline parts at U+2028 and U+2029 too, which texts of events may have. */
async function* linesIn(input: Readable): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of input.setEncoding('utf8')) {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}
