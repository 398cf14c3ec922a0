import { approversInWords, type DecidingRule, type Decision, decisionInWords, type PolicyRule } from '@guichet/contract';
import type { Canvas } from '../output/canvas.ts';
import { clean } from '../output/clean.ts';
import { padEnd, widthOf, wrap } from '../output/width.ts';

/** A reason that has less room than this beside its rule stands below it. */
const LEAST_BESIDE = 30;
const ROLES: Readonly<Record<DecidingRule['role'], string>> = { permits: 'permits', gate: 'needs approval', forbids: 'forbids' };

/** The rules that decide, one a line: what each does, where it stands and why it is there. */
export function rulesText(rules: readonly DecidingRule[], { paint, width }: Pick<Canvas, 'paint' | 'width'>): string {
  if (rules.length === 0) return '  No rule permits it, and what no rule permits is denied.';
  const rows = rules.map((rule) => [ROLES[rule.role], clean(rule.id), placeOf(rule)] as const);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => widthOf(row[column] ?? ''))));
  const taken = widths.reduce((sum, column) => sum + column + 2, 2);
  const isBeside = width - taken >= LEAST_BESIDE;
  const indent = isBeside ? taken : 4;
  return rows
    .map(([role, id, place], index) => {
      const reason = rules[index]?.reason ?? '';
      const cells = [
        padEnd(role, widths[0] ?? 0),
        paint.bold(padEnd(id, widths[1] ?? 0)),
        paint.dim(padEnd(place, widths[2] ?? 0)),
      ];
      const why = wrap(clean(reason), { width: width - indent }).replaceAll('\n', `\n${' '.repeat(indent)}`);
      return `  ${cells.join('  ')}${why === '' || isBeside ? '  ' : `\n${' '.repeat(indent)}`}${why}`.trimEnd();
    })
    .join('\n');
}

/** What stands in no file is part of the gateway, and no file can switch it off. */
function placeOf({ path, line }: DecidingRule): string {
  return path === null ? 'built in' : `${clean(path)}${line === null ? '' : `:${line}`}`;
}

/** Who lifts a gate, as its annotations say: `1 of the owner`; undefined for a rule that is no gate. */
export function liftedBy({ annotations }: Pick<PolicyRule, 'annotations'>): string | undefined {
  const { approvers, count = '1' } = annotations;
  if (approvers === undefined) return undefined;
  const groups = approvers.split(/[\s,]+/).filter(Boolean);
  return `${count} of ${groups.map((group) => clean(group.includes(':') ? approversInWords(group) : group)).join(' or ')}`;
}

/** What a decision is about, and the decision in the colour of its effect; broken between words. */
export function decisionLine(
  decision: Decision,
  { what, canvas: { paint, width }, indent }: { what: string; canvas: Pick<Canvas, 'paint' | 'width'>; indent: number },
): string {
  const tint = decision.effect === 'permit' ? paint.green : decision.effect === 'deny' ? paint.red : paint.yellow;
  // Wrapped before it is coloured: escape sequences take no columns.
  const text = wrap(`${what} ${clean(decisionInWords(decision))}`, { width, indent });
  const start = endOf(what, text);
  return `${text.slice(0, start)}${tint(text.slice(start))}`;
}

/** Where words end in a text that begins with them, and breaks lines elsewhere. */
function endOf(words: string, text: string): number {
  let at = 0;
  for (const character of words.replaceAll(/\s/g, '')) at = text.indexOf(character, at) + character.length;
  return at;
}
