import { GuichetError } from '@guichet/contract';
import { type AuditHead, type HeadChain, headHash, headLine, LogVerifier, MerkleTree } from '@guichet/contract/audit-log';
import type { Database } from '../db/index.ts';
import { type Archive, archivesIn, linesOf, nameArchive, writeArchive } from './archive-files.ts';
import { TILE } from './seal-statements.ts';
import { pagesOf, sealedEvents } from './sealed-log.ts';
import { edgeOf, treeOf } from './tiles.ts';

export interface MakeOptions {
  readonly db: Database;
  readonly folder: string;
  readonly onProgress?: (text: string) => void;
}

export const notWhole = (message: string): GuichetError =>
  new GuichetError('internal', `The audit log does not hold, and is not archived: ${message}`, {
    remedy: "Run the gateway's own 'verify-audit', and find out who has changed the database.",
  });

/** The archive of some heads: the one that lies there, or a new one. */
export async function madeArchive(options: MakeOptions, range: HeadRange): Promise<Archive> {
  const left = await leftBehind(options.folder, range);
  if (left === undefined) return write(options, range);
  await checkArchive(options.db, left, range.chain);
  return left;
}

/** A whole archive of just these heads, which somebody wrote who died before it was recorded. */
async function leftBehind(folder: string, { chain, from, head }: HeadRange): Promise<Archive | undefined> {
  const all = await archivesIn(folder);
  const foreign = all.find(({ manifest }) => manifest.log !== head.log);
  if (foreign !== undefined)
    throw new GuichetError('usage.invalid', `${foreign.path} is an archive of another audit log.`, {
      remedy: 'Keep it, and name a folder for the archives of this log alone with --to.',
    });
  const found = all.filter(({ manifest }) => manifest.to >= from);
  const same = found.find(({ manifest }) => manifest.from === from && manifest.head === headHash(head));
  const other = found.find((archive) => archive !== same);
  if (other === undefined) return same;
  const last = chain.heads[other.manifest.to - 1];
  const isHere = other.manifest.from >= from && last !== undefined && headHash(last) === other.manifest.head;
  throw new GuichetError('usage.invalid', `${other.path} has events that no archive of this log was recorded with.`, {
    remedy: isHere
      ? 'Its events are all in the database still: remove the folder, or name another one with --to.'
      : 'The database has not all of its heads, as after a restore: keep it, for its events may be nowhere else, and name another folder with --to.',
  });
}

/** Heads from a number on, up to one; those whose events are from before a month. */
export interface HeadRange {
  readonly chain: HeadChain;
  readonly from: number;
  readonly head: AuditHead;
  readonly before: Date;
}

/** How many events come before a range. */
export const startOf = ({ chain, from }: Pick<HeadRange, 'chain' | 'from'>): number => chain.heads[from - 2]?.size ?? 0;

async function write({ db, folder, onProgress = () => {} }: MakeOptions, range: HeadRange): Promise<Archive> {
  const { chain, from, head, before } = range;
  const start = startOf(range);
  const heads = chain.heads.slice(from - 1, head.number);
  async function* events(): AsyncGenerator<readonly string[]> {
    let written = 0;
    for (const page of pagesOf(heads, { first: chain.heads[from - 2] })) {
      const lines = (await sealedEvents(db, { ...page, isEnd: false })).events.map(({ text }) => text);
      yield lines;
      written += lines.length;
      onProgress(`Wrote ${written.toLocaleString('en')} of ${(head.size - start).toLocaleString('en')} events …`);
    }
  }
  async function* headLines(): AsyncGenerator<readonly string[]> {
    yield heads.map(headLine);
  }
  const facts = {
    v: 1,
    log: head.log,
    from,
    to: head.number,
    head: headHash(head),
    start,
    size: head.size,
    before: before.toISOString(),
  } as const;
  const archive = await writeArchive(folder, { facts, events: events(), heads: headLines() });
  onProgress('Reading back what was written …');
  await checkArchive(db, archive, chain);
  return nameArchive(archive, folder);
}

/** Reads an archive as it lies there, and holds every event of it against the heads. */
export async function checkArchive(db: Database, archive: Archive, chain: HeadChain): Promise<void> {
  const { from, to, head, before } = archive.manifest;
  const heads = chain.heads.slice(from - 1, to);
  const last = heads.at(-1);
  if (last === undefined || headHash(last) !== head) throw notWhole(`${archive.path} is not of these heads.`);
  const verifier = new LogVerifier({ heads, tree: await treeBefore(db, chain.heads[from - 2]) });
  for await (const line of linesOf([archive])) {
    verifier.line(line);
    // Of an event of another time its part would stay, or go too soon.
    if (!(line.slice(line.indexOf('"at":"') + 6, line.indexOf('"at":"') + 25) < before))
      throw notWhole(`an event is not from before ${before}.`);
  }
  verifier.end();
  const [finding] = verifier.findings;
  if (finding !== undefined) throw notWhole(finding.message);
  let index = 0;
  for await (const line of linesOf([archive], 'heads'))
    if (line !== headLine(heads[index++] as AuditHead)) throw notWhole(`${archive.path} has other heads.`); // compared with undefined it is another one
}

/** The tree up to a head, as the database keeps it; it comes to the root of that head. */
async function treeBefore(db: Database, head: AuditHead | undefined): Promise<MerkleTree> {
  if (head === undefined) return new MerkleTree();
  const edge = new Map<number, Buffer>();
  for (const { level, number } of edgeOf(head.size)) {
    const [row] = await db.query<{ hashes: Buffer }>(TILE, [level, number]);
    if (row !== undefined) edge.set(level, row.hashes);
  }
  const tree = treeOf(head.size, (level) => edge.get(level));
  if (tree?.root().toString('hex') !== head.root) throw notWhole(`its hashes do not come to head ${head.number}.`);
  return tree;
}
