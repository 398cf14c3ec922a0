import { verify } from 'node:crypto';
import { canonicalJson } from '../canonical.ts';
import { type AuditHead, type AuditKey, headHash, publicKeyOf } from './head.ts';

/** What an archive of the audit log says of itself: `manifest.json` beside its files. */
export interface ArchiveManifest {
  readonly v: 1;
  readonly log: string;
  /** The first and the last head whose events it has: all events of all heads between. */
  readonly from: number;
  readonly to: number;
  /** Hash of the last head. */
  readonly head: string;
  /** How many events come before it, and how many the log has with it. */
  readonly start: number;
  readonly size: number;
  /** All of its events are older. */
  readonly before: string;
  readonly events: ArchiveFile;
  readonly heads: ArchiveFile;
}

export interface ArchiveFile {
  readonly name: string;
  /** Of the file as it lies there, in hex. */
  readonly sha256: string;
}

/** The facts of an event `audit.archived`, signed with a key of the log: the database alone can say nothing of the kind. */
export interface ArchiveStatement {
  readonly from: number;
  readonly to: number;
  readonly head: string;
  readonly events: number;
  readonly before: string;
  /** SHA-256 of the manifest, in hex. */
  readonly manifest: string;
  readonly key: string;
  readonly signature: string;
}

const SIGNED = 'guichet audit archive v1\n';
const MARK = '"type":"audit.archived"';

/** What its signature is over. */
export const archiveBytes = ({
  signature: _,
  ...statement
}: ArchiveStatement | (Omit<ArchiveStatement, 'signature'> & { signature?: string })): Buffer =>
  Buffer.from(SIGNED + canonicalJson(statement));

/** The statement that the line of an event makes, or undefined. Says nothing of whether it holds. */
export function readArchiveStatement(line: string): ArchiveStatement | undefined {
  if (!line.startsWith(MARK, line.indexOf('"type":'))) return undefined;
  try {
    const { type, data } = JSON.parse(line);
    const fits =
      type === 'audit.archived' &&
      Number.isSafeInteger(data.from) &&
      Number.isSafeInteger(data.to) &&
      [data.head, data.manifest, data.key, data.signature].every((value) => typeof value === 'string');
    return fits ? data : undefined;
  } catch {
    return undefined;
  }
}

/** True when a key of the log signed it, and it is of the heads that are here. */
export function isArchiveProven(
  statement: ArchiveStatement,
  { keys, heads }: { keys: readonly AuditKey[]; heads: readonly AuditHead[] },
): boolean {
  const key = keys.find(({ kid }) => kid === statement.key);
  const last = heads[statement.to - (heads[0]?.number ?? 1)];
  if (key === undefined || last === undefined || last.number !== statement.to || headHash(last) !== statement.head) return false;
  const object = publicKeyOf(key.public);
  return object !== undefined && verify(null, archiveBytes(statement), object, Buffer.from(statement.signature, 'base64'));
}

/** The manifest that a text is, or undefined. */
export function readManifest(text: string): ArchiveManifest | undefined {
  try {
    const found = JSON.parse(text);
    const isFile = (file: ArchiveFile): boolean => /^[a-z.]+$/.test(file.name) && /^[0-9a-f]{64}$/.test(file.sha256);
    const whole = [found.from, found.to, found.start, found.size].every((value) => Number.isSafeInteger(value) && value >= 0);
    return found.v === 1 && whole && isFile(found.events) && isFile(found.heads) ? found : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Of the archives in a folder those that follow each other without a gap, oldest first.
 */
export function inSequence<Archive extends { readonly manifest: ArchiveManifest }>(archives: readonly Archive[]): Archive[] {
  const sorted = archives.toSorted((a, b) => a.manifest.from - b.manifest.from || b.manifest.to - a.manifest.to);
  const taken: Archive[] = [];
  for (const archive of sorted)
    if (taken.length === 0 || archive.manifest.from === (taken.at(-1)?.manifest.to ?? 0) + 1) taken.push(archive);
  return taken;
}
