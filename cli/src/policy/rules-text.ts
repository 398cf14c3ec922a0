import { approversInWords, type DecidingRule, type Decision, decisionInWords, type PolicyRule } from '@guichet/contract';
import type { Canvas } from '../output/canvas.ts';
import { clean } from '../output/clean.ts';
import { padEnd, widthOf } from '../output/width.ts';

const ROLES: Readonly<Record<DecidingRule['role'], string>> = { permits: 'permits', gate: 'needs approval', forbids: 'forbids' };

/** The rules that decide, one a line: what each does, where it stands and why it is there. */
export function rulesText(rules: readonly DecidingRule[], { paint }: Pick<Canvas, 'paint'>): string {
  if (rules.length === 0) return '  No rule permits it, and what no rule permits is denied.';
  const rows = rules.map((rule) => [ROLES[rule.role], clean(rule.id), placeOf(rule)] as const);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => widthOf(row[column] ?? ''))));
  return rows
    .map(([role, id, place], index) => {
      const reason = rules[index]?.reason ?? '';
      const cells = [
        padEnd(role, widths[0] ?? 0),
        paint.bold(padEnd(id, widths[1] ?? 0)),
        paint.dim(padEnd(place, widths[2] ?? 0)),
      ];
      return `  ${cells.join('  ')}  ${clean(reason)}`.trimEnd();
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

/** A decision on one line, in the colour of its effect. */
export function decisionLine(decision: Decision, { paint }: Pick<Canvas, 'paint'>): string {
  const text = clean(decisionInWords(decision));
  return decision.effect === 'permit' ? paint.green(text) : decision.effect === 'deny' ? paint.red(text) : paint.yellow(text);
}
