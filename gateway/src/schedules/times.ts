import { GuichetError } from '@guichet/contract';
import { Cron } from 'croner';

/** More missed times than this are counted as this many. */
const MOST_MISSED = 10_000;
const PARTS = 5;
const CRON_REMEDY = 'Write minute, hour, day, month, weekday: 0 3 * * 1-5.';

/**
 * The times of a cron expression in a time zone. One at a fixed hour that the clocks skip comes at the next time that there
 * is, one that comes twice comes the first time; each once. Throws `input.invalid`.
 */
export class Times {
  readonly #cron: Cron;

  constructor({ cron, timeZone }: { cron: string; timeZone: string }) {
    try {
      new Intl.DateTimeFormat('en', { timeZone });
    } catch {
      throw invalid('timezone', `is no time zone: '${timeZone}'`, 'Write it like Europe/Paris.');
    }
    const parts = cron.trim().split(/\s+/).length;
    if (parts !== PARTS) throw invalid('cron', `is no cron expression: it has ${parts} parts instead of ${PARTS}`, CRON_REMEDY);
    try {
      this.#cron = new Cron(cron, { timezone: timeZone, mode: '5-part', paused: true });
    } catch (error) {
      const why = error instanceof Error ? error.message.replace(/^CronPattern: |\.$/g, '') : '';
      throw invalid('cron', `is no cron expression: ${why}`, CRON_REMEDY);
    }
  }

  /** Null when there is none any more. */
  after(time: Date): Date | null {
    return this.#cron.nextRun(time);
  }

  upcoming(count: number, time: Date): Date[] {
    return this.#cron.nextRuns(count, time);
  }

  /** Those from `first`, which is one of them, up to and with `now`: the last, and how many were before it. */
  due(first: Date, now: Date): { last: Date; before: Date | null; earlier: number } {
    let last = first;
    let before: Date | null = null;
    let earlier = 0;
    for (let next = this.after(first); next !== null && next <= now; next = this.after(next)) {
      before = last;
      last = next;
      earlier += 1;
      if (earlier >= MOST_MISSED) break;
    }
    return { last, before, earlier };
  }
}

function invalid(field: string, message: string, remedy: string): GuichetError {
  return new GuichetError('input.invalid', `/${field} ${message}.`, {
    remedy,
    errors: [{ field: `/${field}`, message, remedy }],
  });
}
