import measure from 'fast-string-truncated-width';

/** Columns that the text takes in a terminal; escape sequences take none, wide characters two. */
export function widthOf(text: string): number {
  return measure(text).width;
}

/** The text in at most so many columns, its end replaced by … when it does not fit. Plain text only. */
export function fit(text: string, width: number): string {
  if (text.length * 2 <= width) return text;
  const { truncated, ellipsed, index } = measure(text, { limit: width, ellipsis: '…' });
  return truncated ? `${text.slice(0, index)}${ellipsed ? '…' : ''}` : text;
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - widthOf(text))) + text;
}

/** The text broken between words so that no line is wider, each line after the first indented. Plain text only. */
export function wrap(text: string, { width, indent = 0 }: { width: number; indent?: number }): string {
  if (widthOf(text) <= width) return text;
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const room = lines.length === 0 ? width : width - indent;
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > room) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join(`\n${' '.repeat(indent)}`);
}
