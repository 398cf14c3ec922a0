import { createReadStream, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { GuichetError } from '@guichet/contract';
import { type AuditHead, inOrder, readHead } from '@guichet/contract/audit-log';

/** The lines of a file, some thousands at a time: one by one would take longer than to check them. */
export async function* linesOf(path: string): AsyncGenerator<string[]> {
  const input = createReadStream(path, { encoding: 'utf8', highWaterMark: 1 << 20 });
  try {
    yield* linesIn(input);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    throw new GuichetError('usage.invalid', `${path} cannot be read: ${code === 'ENOENT' ? 'it is not there' : code}.`, {
      cause,
    });
  } finally {
    input.destroy();
  }
}

/** By line feeds alone: readline parts at U+2028 and U+2029 too, which texts of events may have. */
export async function* linesIn(text: AsyncIterable<string>): AsyncGenerator<string[]> {
  let rest = '';
  for await (const chunk of text) {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop() ?? '';
    yield lines.map(withoutReturn);
  }
  if (rest !== '') yield [withoutReturn(rest)];
}

/** Of a file that went through Windows. */
const withoutReturn = (line: string): string => (line.endsWith('\r') ? line.slice(0, -1) : line);

/**
 * The heads of a file, or of all files of a folder, such as a copy of a bucket. Half a line, which a gateway left that died while
 * it wrote, is no head.
 */
export async function readHeads(path: string): Promise<AuditHead[]> {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  const found: AuditHead[] = [];
  for (const file of isFolder ? filesOf(path) : [path])
    for await (const lines of linesOf(file)) found.push(...lines.flatMap((line) => readHead(parsed(line)) ?? []));
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
