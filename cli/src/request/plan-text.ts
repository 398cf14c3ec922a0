import { approversInWords, type Decision, type Gate, type Plan } from '@guichet/contract';
import type { Canvas } from '../output/canvas.ts';
import { clean } from '../output/clean.ts';
import { wrap } from '../output/width.ts';

type ShownPlan = Omit<Plan, 'seen'>;

/** A plan in words: what it would do, effect by effect, and what to beware of. */
export function planText(plan: ShownPlan, { paint, width }: Pick<Canvas, 'paint' | 'width'>): string {
  // The heading is coloured after the wrapping, which counts plain text.
  const lines = [wrap(`Plan: ${clean(plan.summary)}`, { width, indent: 2 }).replace('Plan:', paint.bold('Plan:'))];
  for (const effect of plan.effects) lines.push(`  • ${wrap(clean(effect), { width: width - 4, indent: 4 })}`);
  for (const warning of plan.warnings)
    lines.push(`  ${paint.yellow(`! ${wrap(clean(warning), { width: width - 4, indent: 4 })}`)}`);
  return lines.join('\n');
}

/** What the decision means for the one who asks. */
export function decisionText(decision: Decision, { paint, width }: Pick<Canvas, 'paint' | 'width'>): string {
  switch (decision.effect) {
    case 'permit':
      return `${paint.green('Runs at once:')} it needs nobody's approval.`;
    case 'deny':
      return [
        paint.red('Not allowed:'),
        ...decision.reasons.map(({ message, policy }) => `  ${clean(message)} ${paint.dim(`(${clean(policy)})`)}`),
      ].join('\n');
    case 'needs':
      return decision.gates
        .map((gate) => {
          const why = wrap(`${clean(gate.reason)} (${clean(gate.policy)}).`, { width: width - 2, indent: 2 });
          return `${paint.yellow('Needs')} ${gateText(gate)}.\n  ${paint.dim(why)}`;
        })
        .join('\n');
  }
}

/** `1 approval from team 'payments'`. */
export function gateText({ count, approvers }: Pick<Gate, 'count' | 'approvers'>): string {
  return `${count} ${count === 1 ? 'approval' : 'approvals'} from ${clean(approversInWords(approvers))}`;
}

/** What a request still waits for, in one sentence part; undefined when it waits for nobody. */
export function waitingFor(gates: readonly (Gate & { readonly approved: number })[]): string | undefined {
  const open = gates
    .filter(({ approved, count }) => approved < count)
    .map((gate) => gateText({ ...gate, count: gate.count - gate.approved }));
  return open.length === 0 ? undefined : open.join(' and ');
}
