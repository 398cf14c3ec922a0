import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { GuichetError } from '@guichet/contract';
import { type AuditHead, readHead } from '@guichet/contract/audit-log';

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

/** The heads of a file. Half a line, which a gateway left that died while it wrote, is no head. */
export async function readHeads(path: string): Promise<AuditHead[]> {
  const heads: AuditHead[] = [];
  for await (const line of linesOf(path)) {
    const head = readHead(parsed(line));
    if (head !== undefined) heads.push(head);
  }
  if (heads.length === 0)
    throw new GuichetError('usage.invalid', `${path} holds no head of an audit log.`, {
      remedy: 'Name the file that a gateway publishes its heads in (audit.heads.file), or one made by: guichet audit heads.',
    });
  return heads;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
