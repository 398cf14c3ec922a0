/** What a terminal of so many rows shows after all that was written to it, as far as LiveScreen makes use of one. */
export function screenOf(written: string, rows: number): string[] {
  let screen: string[] = Array.from({ length: rows }, () => '');
  let row = 0;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for
  for (const [, row1, erase, mode, text] of written.matchAll(/\u001b\[(?:(\d+);1H|(K|J|2J)|(\?\d+[hl])|\d*m)|([^\u001b]+)/g)) {
    if (row1 !== undefined) {
      row = Number(row1) - 1;
      screen[row] ??= '';
      if (row < rows) screen[row] = '';
    } else if (erase === 'J') screen = screen.map((line, index) => (index >= row ? '' : line));
    else if (mode === '?1049l') return screen;
    else if (text !== undefined) screen[row] += text;
  }
  return screen;
}

/** What stands on the ordinary screen when the alternate one has been left. */
export function afterwards(written: string): string {
  return written.slice(written.lastIndexOf('\u001b[?1049l') + '\u001b[?1049l'.length);
}
