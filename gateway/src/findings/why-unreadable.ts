const WHY: Readonly<Record<string, string>> = {
  ENOENT: 'it is not there',
  EACCES: 'this process may not read it',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is no folder',
};

/** Why a file could not be read, in words: `it is not there`. */
export function whyUnreadable(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return WHY[code] ?? (code || String(cause));
}
