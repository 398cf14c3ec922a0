import type { PolicyFile, PolicyFinding } from '@guichet/contract';
import type { Canvas } from '../output/canvas.ts';
import { clean } from '../output/clean.ts';
import { widthOf, wrap } from '../output/width.ts';

/** What is wrong with files, errors first: each with its place, its line with a caret below, and what to do. */
export function findingsText(findings: readonly PolicyFinding[], files: readonly PolicyFile[], canvas: Canvas): string {
  const ofSeverity = (severity: PolicyFinding['severity']) => findings.filter((finding) => finding.severity === severity);
  const lines = new Map(files.map(({ path, text }) => [path, text.split(/\r?\n/)]));
  return [...ofSeverity('error'), ...ofSeverity('warning')]
    .map((finding) => findingText(finding, lines.get(finding.path)?.[finding.line - 1], canvas))
    .join('\n');
}

function findingText(
  { path, line, column, severity, message, remedy }: PolicyFinding,
  source: string | undefined,
  { paint, width }: Canvas,
): string {
  const place = `${clean(path)}:${line}:${column}`;
  const tint = severity === 'error' ? paint.red : paint.yellow;
  // Wrapped before it is coloured: escape sequences take no columns.
  const told = wrap(`${place}  ${severity}: ${clean(message)}`, { width, indent: 4 });
  const parts = [told.replace(place, () => paint.bold(place)).replace(`${severity}:`, (word) => tint(word))];
  if (source !== undefined && source.trim() !== '') {
    const number = String(line);
    // The caret stands below the column as it is shown: tabs and wide characters take more than one.
    const before = widthOf(clean(source.slice(0, column - 1)));
    parts.push(
      `  ${paint.dim(`${number} |`)} ${clean(source)}`,
      `  ${paint.dim(`${' '.repeat(number.length)} |`)} ${' '.repeat(before)}${tint('^')}`,
    );
  }
  if (remedy !== undefined) parts.push(`  ${paint.cyan('→')} ${wrap(clean(remedy), { width: width - 4, indent: 4 })}`);
  return parts.join('\n');
}

/** `2 errors and 1 warning` */
export function countFindings(findings: readonly PolicyFinding[]): string {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const warnings = findings.length - errors;
  return [...(errors > 0 ? [counted(errors, 'error')] : []), ...(warnings > 0 ? [counted(warnings, 'warning')] : [])].join(
    ' and ',
  );
}

/** `1 rule`, `1,204 rules` */
export function counted(count: number, word: string): string {
  return `${count.toLocaleString('en')} ${word}${count === 1 ? '' : 's'}`;
}
