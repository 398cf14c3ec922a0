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
