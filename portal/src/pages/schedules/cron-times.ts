import { Cron } from 'croner';

const PARTS = 5;

/**
 * When a schedule would be due next: what the gateway will say of it, by the same library with the same settings. What
 * it does not take is refused here too: `cron` or `zone`.
 */
export function nextTimes({
  cron,
  zone,
  count,
  now = new Date(),
}: {
  readonly cron: string;
  readonly zone: string;
  readonly count: number;
  readonly now?: Date;
}): readonly string[] | 'cron' | 'zone' {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
  } catch {
    return 'zone';
  }
  if (cron.trim().split(/\s+/).length !== PARTS) return 'cron';
  try {
    const times = new Cron(cron, { timezone: zone, mode: '5-part', paused: true });
    return times.nextRuns(count, now).map((time) => time.toISOString());
  } catch {
    return 'cron';
  }
}
