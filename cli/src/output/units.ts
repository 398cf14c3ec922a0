/** `3m ago`, `in 2h`, `just now`. */
export function formatRelative(at: Date, now: Date): string {
  const seconds = (now.getTime() - at.getTime()) / 1000;
  if (Math.abs(seconds) < 2) return 'just now';
  const text = coarse(Math.abs(seconds));
  return seconds > 0 ? `${text} ago` : `in ${text}`;
}

function coarse(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)}s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)}m`;
  if (seconds < 48 * 3600) return `${Math.round(seconds / 3600)}h`;
  return `${Math.round(seconds / 86_400)}d`;
}

/** Local time: `10:42:07` today, else with its date. */
export function formatTime(at: Date, now: Date): string {
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(':');
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return at.toDateString() === now.toDateString() ? time : `${date} ${time}`;
}

const two = (number: number): string => String(number).padStart(2, '0');

/** `sha256:4dbb1e0f2a11…`: enough to tell one from another. */
export const shortDigest = (digest: string): string => digest.replace(/^(sha256:[0-9a-f]{12})[0-9a-f]+$/, '$1…');
