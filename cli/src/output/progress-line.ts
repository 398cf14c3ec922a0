import type { Shell } from '../shell.ts';

/** Work that is over in a second says nothing. */
const SILENT_MS = 1000;
const EVERY_MS = 200;
const EVERY_LINE_MS = 10_000;

/** One line on stderr that is written over itself on a terminal; elsewhere a line now and then. */
export function progressLine({ context: { stderr, now } }: Shell): { show(text: string): void; end(): void } {
  const isTerminal = stderr.isTTY === true;
  const started = now().getTime();
  let last = started + SILENT_MS - EVERY_MS;
  let shown = false;
  return {
    show(text) {
      const time = now().getTime();
      if (time - last < (isTerminal || !shown ? EVERY_MS : EVERY_LINE_MS)) return;
      last = time;
      shown = true;
      stderr.write(isTerminal ? `\r\u001b[K${text}` : `${text}\n`);
    },
    end() {
      if (shown && isTerminal) stderr.write('\r\u001b[K');
    },
  };
}
