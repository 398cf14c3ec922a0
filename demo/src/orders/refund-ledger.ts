import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';

const Refund = z.object({
  run: z.string(),
  request: z.string(),
  environment: z.string(),
  order: z.string(),
  amountCents: z.int().min(1),
  /** Refunded of the order in all, this refund included. */
  refundedCents: z.int().min(1),
  requestedBy: z.string(),
  approvedBy: z.array(z.string()),
  at: z.string(),
});
export type Refund = z.infer<typeof Refund>;

export interface RefundLedger {
  /** Refunded so far, in cents. */
  refunded(environment: string, order: string): number;
  /** The refund that this run made, if it made one. */
  ofRun(run: string): Refund | undefined;
  /**
   * Decides and appends as one step: no other refund comes between the two. The refund is on the disk when it resolves.
   * A run that has already made its refund gets that one back, and `decide` is not asked.
   */
  append(run: string, decide: () => Refund): Promise<Refund>;
  /** True while an append of this run has not ended. */
  pending(run: string): boolean;
  close(): Promise<void>;
}

/**
 * Opens a file of one JSON document a line, making it when there is none. A last line without its newline is what a
 * crash left of a refund that nobody was told of: it is cut off. Any other line that cannot be read is an error.
 */
export async function openRefundLedger(path: string): Promise<RefundLedger> {
  await mkdir(dirname(path), { recursive: true });
  const text = await readFile(path, 'utf8').catch(emptyWhenMissing);
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  const lines = whole.split('\n').slice(0, -1);
  const read = lines.map((line, index) => parseLine(line, `${path}:${index + 1}`));
  let size = Buffer.byteLength(whole);
  const file = await open(path, 'a');
  await file.truncate(size);
  await syncFolder(dirname(path));

  const refunds = new Map<string, Refund>();
  const totals = new Map<string, number>();
  const waiting = new Set<string>();
  for (const refund of read) remember(refund);
  let broken = false;
  let last: Promise<unknown> = Promise.resolve();

  function remember(refund: Refund): void {
    refunds.set(refund.run, refund);
    totals.set(`${refund.environment}/${refund.order}`, refund.refundedCents);
  }

  async function write(refund: Refund): Promise<Refund> {
    if (broken) throw new Error('The refund ledger could not be mended after a failed write; restart the service.');
    const line = `${JSON.stringify(refund)}\n`;
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
    remember(refund);
    return refund;
  }

  return {
    refunded: (environment, order) => totals.get(`${environment}/${order}`) ?? 0,
    ofRun: (run) => refunds.get(run),
    pending: (run) => waiting.has(run),
    append(run, decide) {
      waiting.add(run);
      const appended = last.then(() => refunds.get(run) ?? write(decide())).finally(() => waiting.delete(run));
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

function parseLine(line: string, where: string): Refund {
  try {
    return Refund.parse(JSON.parse(line));
  } catch (cause) {
    throw new Error(`The refund ledger cannot be read at ${where}. Restore the file from a backup; nothing was changed.`, {
      cause,
    });
  }
}

/** A new file survives a power cut only when its folder is on the disk too. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  await folder.sync().finally(() => folder.close());
}
