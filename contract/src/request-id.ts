export function formatRequestId(number: string | number | bigint): string {
  return `REQ-${number}`;
}

/** The number of a request id in any spelling that people use; undefined when it is none. */
export function parseRequestId(text: string): string | undefined {
  return /^(?:req-)?([1-9][0-9]{0,17})$/i.exec(text.trim())?.[1];
}
