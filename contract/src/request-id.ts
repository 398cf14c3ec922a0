export function formatRequestId(number: string | number | bigint): string {
  return `REQ-${number}`;
}

/** The number of a request id in any spelling that people use; undefined when it is none. */
export function parseRequestId(text: string): string | undefined {
  return /^(?:req-)?([1-9][0-9]{0,17})$/i.exec(text.trim())?.[1];
}

/** `REQ-12`, in whichever of those spellings it was typed; undefined when it is no request id. */
export function canonicalRequestId(text: string): string | undefined {
  const number = parseRequestId(text);
  return number === undefined ? undefined : formatRequestId(number);
}
