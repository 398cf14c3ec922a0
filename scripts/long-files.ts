import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** More lines than this hold more than one idea. */
export const LONGEST_FILE = 400;

/** The sources among the files that are too long, each with how long it is. */
export function longFiles(project: string, files: readonly string[]): string[] {
  const sources = files.filter((file) => /\.(ts|tsx|mjs|js|sh)$/.test(file));
  const counted = sources.map((file) => ({ file, lines: readFileSync(join(project, file), 'utf8').split('\n').length - 1 }));
  return counted
    .filter(({ lines }) => lines > LONGEST_FILE)
    .map(({ file, lines }) => `${file} has ${lines} lines; split it by idea`);
}
