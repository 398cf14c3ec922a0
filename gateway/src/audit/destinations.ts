import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { GuichetError } from '@guichet/contract';
import { type AuditHead, headLine, readHead } from '@guichet/contract/audit-log';
import { type Queryable, statement } from '../db/index.ts';

/** Where heads are told, outside the database. */
export interface HeadDestination {
  /** As messages name it. */
  readonly name: string;
  /** It cannot be read again: `last()` is what the database says that it was told. */
  readonly isToldOnly?: true;
  /** The last head that it has; undefined when it has none. Rejects when it cannot say. `isFresh`: asks, whatever it remembers. */
  last(isFresh?: boolean): Promise<AuditHead | undefined>;
  /** Adds heads, in order. When it rejects, all of them come again. After `signal` it need not wait for anybody far away. */
  append(heads: readonly AuditHead[], signal?: AbortSignal): Promise<void>;
}

/** A destination has another head of this number than the log: nothing more is told to it. */
export class OtherHead extends GuichetError {
  constructor(where: string, head: AuditHead) {
    super('internal', `${where} has another head ${head.number} of the audit log than the one of ${head.at}, which is here.`, {
      remedy: "Run the gateway's own 'verify-audit' with --heads, and find out who has changed the database.",
    });
  }
}

/** So much of the end of a file is read to find its last line: a head of many ranges is long. */
const TAIL_BYTES = 1_048_576;

/** A file that heads are added to, one a line, each on the disk before the next. */
export class HeadFile implements HeadDestination {
  readonly name: string;
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
    this.name = `The file ${path}`;
  }

  async last(): Promise<AuditHead | undefined> {
    const file = await open(this.#path, 'r').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (file === undefined) return undefined;
    try {
      const { size } = await file.stat();
      const length = Math.min(size, TAIL_BYTES);
      const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
      // A line without its end was being written when the gateway died: append() writes it again.
      const lines = buffer.toString('utf8').split('\n').slice(0, -1);
      for (const line of lines.toReversed()) {
        const head = readHead(parsed(line));
        if (head !== undefined) return head;
      }
      // Less than a line: the first head was being written.
      if (lines.length === 0 && size <= TAIL_BYTES) return undefined;
      throw new GuichetError('internal', `${this.name} does not end with a head of the audit log.`, {
        remedy:
          'Nothing is told to it like that. Look at its end; move it away and keep it, or put a copy that is whole in its place: what is missing in it is told then.',
      });
    } finally {
      await file.close();
    }
  }

  async append(heads: readonly AuditHead[]): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true });
    const file = await open(this.#path, 'a+', 0o644);
    try {
      const { size } = await file.stat();
      const { buffer } = await file.read(Buffer.alloc(1), 0, 1, Math.max(0, size - 1));
      const isCut = size > 0 && buffer[0] !== 0x0a;
      // Half a line is told apart from a head by its end; it stays, for what is published is never taken back.
      await file.appendFile(`${isCut ? '\n' : ''}${heads.map((head) => `${headLine(head)}\n`).join('')}`);
      await file.datasync();
    } finally {
      await file.close();
    }
  }
}

const TOLD = statement('audit-output-told', 'select value from audit_settings where name = $1');
const TELL = statement(
  'audit-output-tell',
  'insert into audit_settings (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value',
);

/** What cannot be read again: the database keeps which head it was told last. */
export class ToldHeads {
  readonly #db: Queryable;
  readonly #name: string;

  constructor(db: Queryable, name: string) {
    this.#db = db;
    this.#name = name;
  }

  async last(): Promise<AuditHead | undefined> {
    const [row] = await this.#db.query<{ value: string }>(TOLD, [this.#name]);
    return row === undefined ? undefined : readHead(parsed(row.value));
  }

  async note(head: AuditHead): Promise<void> {
    await this.#db.query(TELL, [this.#name, headLine(head)]);
  }
}

/**
 * Standard output, for those whose logs are kept elsewhere. It cannot be read again: the database says what was written, so
 * that whoever starts or takes over goes on from there.
 */
export class HeadOutput implements HeadDestination {
  readonly name = 'Standard output';
  readonly isToldOnly = true;
  readonly #write: (line: string) => void;
  readonly #told: ToldHeads;

  constructor(db: Queryable, write: (line: string) => void) {
    this.#told = new ToldHeads(db, 'head_on_stdout');
    this.#write = write;
  }

  last(): Promise<AuditHead | undefined> {
    return this.#told.last();
  }

  async append(heads: readonly AuditHead[]): Promise<void> {
    for (const head of heads) this.#write(`${headLine(head)}\n`);
    const last = heads.at(-1);
    if (last !== undefined) await this.#told.note(last);
  }
}

export function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
