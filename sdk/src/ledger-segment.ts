import { open } from 'node:fs/promises';
import { LEDGER_STATUSES } from '@guichet/contract';
import { z } from 'zod';
import type { LedgerIntent, LedgerOutcome } from './ledger.ts';
import type { WriterProcess } from './writer-process.ts';

const Born = z.object({ boot: z.string(), space: z.string(), at: z.string() });
const By = z.object({ host: z.string(), pid: z.int(), process: z.string(), born: Born.optional() });
const Told = z.object({ output: z.unknown(), failure: z.unknown() }).partial();

/** One line of a file. `id` is of the line, so that who wrote it knows it again. */
const Line = z.discriminatedUnion('t', [
  z.object({
    t: z.literal('begin'),
    id: z.string(),
    by: By,
    intent: z.object({
      ...{ grant: z.string(), run: z.string(), request: z.string(), action: z.string(), environment: z.string() },
      ...{ input: z.string(), startedAt: z.string(), issuedAt: z.string(), deadlineAt: z.string() },
    }),
  }),
  z.object({
    t: z.literal('end'),
    run: z.string(),
    outcome: z.object({
      ...{ status: z.enum(LEDGER_STATUSES), finishedAt: z.string() },
      ...{ result: z.string().nullable(), receipt: z.string().nullable(), told: Told.optional() },
    }),
  }),
  z.object({ t: z.literal('close'), run: z.string() }),
  z.object({ t: z.literal('void'), id: z.string() }),
]);
export type Line = z.infer<typeof Line>;

/** A run, as the lines read so far tell it. */
export interface SegmentEntry {
  readonly id: string;
  readonly by: WriterProcess;
  readonly intent: LedgerIntent;
  outcome: LedgerOutcome | undefined;
  /** Who wrote it has taken it back: it never began. */
  isVoid: boolean;
}

/**
 * One file of the ledger: lines of JSON that are only ever appended, by any number of processes. The order of the lines is
 * the order of what happened: of two that begin the same run, the one whose line comes first has begun it, and whoever
 * reads the file finds the same. So appending, and reading up to one's own line, is all that the claim of a run takes.
 *
 * Each line begins with a newline too: what a process that died had half written spoils no line but its own.
 */
export class LedgerSegment {
  readonly #path: string;
  readonly entries: SegmentEntry[] = [];
  readonly closed = new Set<string>();
  readonly #runs = new Map<string, SegmentEntry>();
  readonly #grants = new Set<string>();
  #damaged = 0;
  #offset = 0;
  #rest = Buffer.alloc(0);
  #reading: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  /** Lines that say nothing: torn by a crash, or changed by somebody. */
  get damaged(): number {
    return this.#damaged;
  }

  run(run: string): SegmentEntry | undefined {
    return this.#runs.get(run);
  }

  /** Ids of the runs that have a place in the file, taken back or not. */
  get runs(): Iterable<string> {
    return this.#runs.keys();
  }

  knows({ grant, run }: { grant: string; run: string }): boolean {
    return this.#runs.has(run) || this.#grants.has(grant) || this.closed.has(run);
  }

  /** Appends a line; it is on the disk when this resolves. */
  async append(line: Line): Promise<void> {
    const bytes = Buffer.from(`\n${JSON.stringify(line)}\n`);
    const file = await open(this.#path, 'a', 0o600);
    try {
      // One write, so that lines of two processes do not mix.
      const { bytesWritten } = await file.write(bytes);
      if (bytesWritten !== bytes.length) throw new Error(`only a part of a line could be written to ${this.#path}`);
      await file.datasync();
    } finally {
      await file.close();
    }
  }

  /** Reads what was appended since the last time, by whomever. Rejects when the file has become shorter. */
  read(): Promise<void> {
    // One after the other; a failure is that of who asked then.
    this.#reading = this.#reading.catch(() => {}).then(() => this.#readOn());
    return this.#reading;
  }

  async #readOn(): Promise<void> {
    const file = await open(this.#path, 'r').catch((error: unknown) => {
      const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      if (isAbsent && this.#offset === 0) return undefined;
      throw error;
    });
    if (file === undefined) return;
    try {
      const { size } = await file.stat();
      if (size < this.#offset) throw new Error(`${this.#path} has become shorter: somebody has cut it off`);
      const bytes = Buffer.alloc(size - this.#offset);
      const { bytesRead } = await file.read(bytes, 0, bytes.length, this.#offset);
      this.#offset += bytesRead;
      this.#take(Buffer.concat([this.#rest, bytes.subarray(0, bytesRead)]));
    } finally {
      await file.close();
    }
  }

  #take(bytes: Buffer): void {
    const end = bytes.lastIndexOf(10) + 1;
    this.#rest = Buffer.from(bytes.subarray(end)); // half a line: its writer is at it, or dead
    for (const text of bytes.subarray(0, end).toString().split('\n')) if (text !== '') this.#fold(text);
  }

  #fold(text: string): void {
    const line = parsed(text);
    if (line === undefined) {
      this.#damaged += 1;
      return;
    }
    switch (line.t) {
      case 'begin': {
        const { id, by, intent } = line;
        if (this.knows(intent)) return;
        const entry: SegmentEntry = { id, by, intent, outcome: undefined, isVoid: false };
        this.entries.push(entry);
        this.#runs.set(intent.run, entry);
        this.#grants.add(intent.grant);
        return;
      }
      case 'end': {
        const entry = this.#runs.get(line.run);
        if (entry === undefined || (entry.outcome !== undefined && entry.outcome.status !== 'unknown')) return;
        // An outcome was put into this file by end() alone, which takes no other.
        entry.outcome = line.outcome as LedgerOutcome;
        return;
      }
      case 'close':
        if (!this.#runs.has(line.run)) this.closed.add(line.run);
        return;
      case 'void': {
        const entry = this.entries.find(({ id }) => id === line.id);
        if (entry !== undefined) entry.isVoid = true;
      }
    }
  }
}

function parsed(text: string): Line | undefined {
  try {
    return Line.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
