/** One entry of a tar archive of PostgreSQL: ustar, with the sizes above 8 GB as binary numbers. */
export interface TarEntry {
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'link';
  /** Bytes that follow; 0 for folders and links. */
  readonly size: number;
  /** Where a link points to; empty for the others. */
  readonly target: string;
}

/** What a reader tells, in the order of the archive. `data` belongs to the entry told last, and is only valid until it returns. */
export interface TarSink {
  entry(entry: TarEntry): Promise<void>;
  data(bytes: Buffer): Promise<void>;
  /** The entry is whole. */
  end(): Promise<void>;
}

const BLOCK = 512;

/** Reads a tar archive that comes in pieces of any size. */
export class TarReader {
  readonly #sink: TarSink;
  readonly #header = Buffer.alloc(BLOCK);
  #filled = 0;
  #left = 0;
  #padding = 0;
  #open = false;

  constructor(sink: TarSink) {
    this.#sink = sink;
  }

  /** Comes back when the sink has taken it. Rejects when it is no archive that PostgreSQL writes. */
  async write(bytes: Buffer): Promise<void> {
    let at = 0;
    while (at < bytes.length) {
      if (this.#left > 0) {
        const piece = bytes.subarray(at, at + this.#left);
        await this.#sink.data(piece);
        at += piece.length;
        this.#left -= piece.length;
        if (this.#left === 0) await this.#close();
      } else if (this.#padding > 0) {
        const skipped = Math.min(this.#padding, bytes.length - at);
        at += skipped;
        this.#padding -= skipped;
      } else {
        const copied = bytes.copy(this.#header, this.#filled, at, at + BLOCK - this.#filled);
        at += copied;
        this.#filled += copied;
        if (this.#filled === BLOCK) await this.#begin();
      }
    }
  }

  /** To be called behind the last piece. Throws when the archive breaks off inside an entry. */
  finish(): void {
    if (this.#open || this.#filled > 0) throw new Error('the archive breaks off in the middle');
  }

  async #begin(): Promise<void> {
    this.#filled = 0;
    // Blocks of zeros end an archive.
    if (this.#header.every((byte) => byte === 0)) return;
    const entry = readHeader(this.#header);
    await this.#sink.entry(entry);
    this.#open = true;
    this.#left = entry.size;
    this.#padding = (BLOCK - (entry.size % BLOCK)) % BLOCK;
    if (this.#left === 0) await this.#close();
  }

  async #close(): Promise<void> {
    this.#open = false;
    await this.#sink.end();
  }
}

const KINDS: Readonly<Record<string, TarEntry['kind']>> = { '0': 'file', '\0': 'file', '2': 'link', '5': 'folder' };

function readHeader(header: Buffer): TarEntry {
  const text = (from: number, length: number) => header.toString('utf8', from, from + length).replace(/\0.*$/s, '');
  let sum = 0;
  for (const [index, byte] of header.entries()) sum += index >= 148 && index < 156 ? 0x20 : byte;
  if (sum !== Number.parseInt(text(148, 8).trim(), 8)) throw new Error('a header of the archive is damaged');
  const flag = header.toString('latin1', 156, 157);
  const kind = KINDS[flag];
  if (kind === undefined) throw new Error(`the archive has an entry of a kind that is not known: '${flag}'`);
  const prefix = text(345, 155);
  const name = text(0, 100);
  return {
    path: safePath(prefix === '' ? name : `${prefix}/${name}`),
    kind,
    size: kind === 'file' ? sizeOf(header.subarray(124, 136)) : 0,
    target: kind === 'link' ? text(157, 100) : '',
  };
}

function sizeOf(field: Buffer): number {
  const [first = 0] = field;
  // The highest bit says that a binary number follows; 8 of its 11 bytes hold any size there is.
  const size = (first & 0x80) === 0 ? Number.parseInt(field.toString('latin1'), 8) : Number(field.readBigUInt64BE(4));
  if (!Number.isSafeInteger(size)) throw new Error('a size in the archive is not a number');
  return size;
}

/** Relative, and nowhere else than below: an archive must not write where it likes. */
function safePath(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (path.startsWith('/') || parts.includes('..')) throw new Error(`the archive names a path outside of it: '${path}'`);
  return parts.join('/');
}
