import type { OutputStream } from '../context.ts';
import { fit, widthOf } from '../output/width.ts';

/** The alternate screen, without a cursor and without wrapping: a line that is too long must not move the others. */
const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l\u001b[2J';
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l';
/** Terminals that know these show what lies between them at once; others pass over them. */
const BEGIN_FRAME = '\u001b[?2026h';
const END_FRAME = '\u001b[?2026l';
const RESET = '\u001b[0m';
const REST_OF_LINE = '\u001b[K';
const REST_OF_SCREEN = '\u001b[J';

/**
 * A terminal that is drawn over in place. Each frame is one write, and has only the lines that differ from those on the
 * screen: nothing is cleared before it is drawn, so nothing flickers.
 */
export class LiveScreen {
  readonly #stream: OutputStream;
  #shown: readonly string[] | undefined;

  constructor(stream: OutputStream) {
    this.#stream = stream;
  }

  get columns(): number {
    return Math.max(20, this.#stream.columns ?? 80);
  }

  get rows(): number {
    return Math.max(4, this.#stream.rows ?? 24);
  }

  enter(): void {
    this.#stream.write(ENTER);
  }

  /** What is on the screen is not what was drawn there: its size has changed. The next frame draws all of it. */
  invalidate(): void {
    this.#shown = undefined;
  }

  /** Lines that are not there are empty; those below the screen are left out. */
  draw(lines: readonly string[]): void {
    const fitting = lines.slice(0, this.rows).map((line) => cutTo(line, this.columns));
    // After a line that reaches the edge the cursor stands on its last character, which must not be taken away.
    const changed = fitting.flatMap((line, index) =>
      this.#shown?.[index] === line ? [] : [`\u001b[${index + 1};1H${line}${widthOf(line) < this.columns ? REST_OF_LINE : ''}`],
    );
    if (this.#shown === undefined || this.#shown.length > fitting.length)
      if (fitting.length < this.rows) changed.push(`\u001b[${fitting.length + 1};1H${REST_OF_SCREEN}`);
    if (changed.length > 0) this.#stream.write(`${BEGIN_FRAME}${changed.join('')}${END_FRAME}`);
    this.#shown = fitting;
  }

  /** The screen is as it was before, and then below it what is left of this one. */
  leave(last: readonly string[]): void {
    this.#stream.write(`${LEAVE}${last.map((line) => `${line}\n`).join('')}`);
  }
}

/** A terminal that does not wrap writes the rest of a line over its last character. What is cut may have begun a style. */
function cutTo(line: string, columns: number): string {
  return widthOf(line) <= columns ? line : `${fit(line, columns)}${RESET}`;
}
