import { gateway } from '../../api/gateway.ts';
import type { auditQuery } from './audit-filter.ts';
import { CSV_HEAD, csvOf } from './event-csv.ts';

/** More than that belongs to the command line, which writes to the disk as it goes. */
export const MOST_EVENTS = 10_000;
const PAGE = 200;

export type ExportFormat = 'jsonl' | 'csv';

interface Exported {
  readonly text: string;
  readonly count: number;
  /** There were more. */
  readonly isCut: boolean;
}

/** Reads what the filters show, page by page, up to a bound. */
export async function exportEvents(
  query: ReturnType<typeof auditQuery>,
  { format, signal, onProgress }: { format: ExportFormat; signal: AbortSignal; onProgress: (count: number) => void },
): Promise<Exported> {
  const lines: string[] = format === 'csv' ? [CSV_HEAD] : [];
  const writeEvent = format === 'csv' ? csvOf : JSON.stringify;
  let count = 0;
  let cursor: string | undefined;
  do {
    const page = await gateway.call('audit.list', {
      query: { ...query, limit: PAGE, ...(cursor !== undefined && { cursor }) },
      signal,
    });
    for (const event of page.items) lines.push(writeEvent(event));
    count += page.items.length;
    onProgress(count);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined && count < MOST_EVENTS);
  return { text: `${lines.join('\n')}\n`, count, isCut: cursor !== undefined };
}
