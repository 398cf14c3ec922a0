import { createReadStream, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { GuichetError } from '@guichet/contract';
import { type AuditHead, inOrder, readHead } from '@guichet/contract/audit-log';

/** The lines of a file, one after the other. */
export async function* linesOf(path: string): AsyncGenerator<string> {
  const input = createReadStream(path, { encoding: 'utf8' });
  try {
    yield* createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    throw new GuichetError('usage.invalid', `${path} cannot be read: ${code === 'ENOENT' ? 'it is not there' : code}.`, {
      cause,
    });
  } finally {
    input.destroy();
  }
}

/**
 * The heads of a file, or of all files of a folder, such as a copy of a bucket. Half a line, which a gateway left that died while
 * it wrote, is no head.
 */
export async function readHeads(path: string): Promise<AuditHead[]> {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  const found: AuditHead[] = [];
  for (const file of isFolder ? filesOf(path) : [path])
    for await (const line of linesOf(file)) {
      const head = readHead(parsed(line));
      if (head !== undefined) found.push(head);
    }
  const heads = isFolder ? inOrder(found) : found;
  if (heads.length === 0)
    throw new GuichetError('usage.invalid', `${path} holds no head of an audit log.`, {
      remedy:
        'Name the file that a gateway publishes its heads in (audit.heads.file), a copy of the bucket, or one made by: guichet audit heads.',
    });
  return heads;
}

const filesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.jsonl?$/.test(name))
    .map((name) => join(folder, name));

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
