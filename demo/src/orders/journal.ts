import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { z } from 'zod';

export interface Journal<Entry> {
  /** What this run wrote, if it wrote something. */
  ofRun(run: string): Entry | undefined;
  /**
   * Decides and appends as one step: nothing else comes between the two. The entry is on the disk when it resolves.
   * A run that has already written gets its entry back, and `decide` is not asked.
   */
  append(run: string, decide: () => Entry): Promise<Entry>;
  /** True while an append of this run has not ended. */
  pending(run: string): boolean;
  close(): Promise<void>;
}

export interface JournalOptions<Entry> {
  readonly path: string;
  /** What the file is, in the words of whoever has to mend it. */
  readonly title: string;
  readonly entry: z.ZodType<Entry>;
  /** Told of each entry, those that were there first. */
  readonly remember: (entry: Entry) => void;
}

/**
 * Opens a file of one JSON document a line, an entry of a run, making it when there is none. A last line without its newline
 * is what a crash left of an entry that nobody was told of: it is cut off. Any other line that cannot be read is an error.
 */
export async function openJournal<Entry extends { readonly run: string }>({
  path,
  title,
  entry: schema,
  remember,
}: JournalOptions<Entry>): Promise<Journal<Entry>> {
  await mkdir(dirname(path), { recursive: true });
  const text = await readFile(path, 'utf8').catch(emptyWhenMissing);
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  const read = whole
    .split('\n')
    .slice(0, -1)
    .map((line, index) => parseLine(line, { schema, title, where: `${path}:${index + 1}` }));
  let size = Buffer.byteLength(whole);
  const file = await open(path, 'a');
  await file.truncate(size);
  await syncFolder(dirname(path));

  const entries = new Map<string, Entry>();
  const waiting = new Set<string>();
  const keep = (entry: Entry): void => {
    entries.set(entry.run, entry);
    remember(entry);
  };
  for (const entry of read) keep(entry);
  let broken = false;
  let last: Promise<unknown> = Promise.resolve();

  async function write(entry: Entry): Promise<Entry> {
    if (broken) throw new Error(`The ${title} could not be mended after a failed write; restart the service.`);
    const line = `${JSON.stringify(entry)}\n`;
    try {
      await file.appendFile(line);
      await file.datasync();
    } catch (error) {
      broken = true;
      await file.truncate(size); // half a line in the middle would make the file unreadable
      broken = false;
      throw error;
    }
    size += Buffer.byteLength(line);
    keep(entry);
    return entry;
  }

  return {
    ofRun: (run) => entries.get(run),
    pending: (run) => waiting.has(run),
    append(run, decide) {
      waiting.add(run);
      const appended = last.then(() => entries.get(run) ?? write(decide())).finally(() => waiting.delete(run));
      last = appended.catch(() => {}); // the caller is told; the next in line goes on
      return appended;
    },
    async close() {
      await last;
      await file.close();
    },
  };
}

function emptyWhenMissing(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return '';
  throw error;
}

function parseLine<Entry>(line: string, about: { schema: z.ZodType<Entry>; title: string; where: string }): Entry {
  try {
    return about.schema.parse(JSON.parse(line));
  } catch (cause) {
    throw new Error(`The ${about.title} cannot be read at ${about.where}. Restore the file from a backup; nothing was changed.`, {
      cause,
    });
  }
}

/** A new file survives a power cut only when its folder is on the disk too. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  await folder.sync().finally(() => folder.close());
}
