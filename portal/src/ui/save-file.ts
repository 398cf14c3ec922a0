/** Gives the reader a file with this text. */
export function saveFile(
  name: string,
  text: string,
  type: 'application/json' | 'application/x-ndjson' | 'text/csv' | 'text/plain',
): void {
  const url = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
