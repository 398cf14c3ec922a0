import type { Decision, Gate, Plan } from '@guichet/contract';
import { clean } from '../output/clean.ts';
import type { Paint } from '../output/paint.ts';

type ShownPlan = Omit<Plan, 'seen'>;

/** A plan in words: what it would do, effect by effect, and what to beware of. */
export function planText(plan: ShownPlan, paint: Paint): string {
  const lines = [`${paint.bold('Plan:')} ${clean(plan.summary)}`];
  for (const effect of plan.effects) lines.push(`  • ${clean(effect)}`);
  for (const warning of plan.warnings) lines.push(`  ${paint.yellow('!')} ${paint.yellow(clean(warning))}`);
  return lines.join('\n');
}

/** What the decision means for the one who asks. */
export function decisionText(decision: Decision, paint: Paint): string {
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
        .map(
          (gate) => `${paint.yellow('Needs')} ${gateText(gate)}. ${paint.dim(`${clean(gate.reason)} (${clean(gate.policy)}).`)}`,
        )
        .join('\n');
  }
}

/** `1 approval from team 'payments'`. */
export function gateText({ count, team }: Pick<Gate, 'count' | 'team'>): string {
  return `${count} ${count === 1 ? 'approval' : 'approvals'} from team '${clean(team)}'`;
}

/** What a request still waits for, in one sentence part; undefined when it waits for nobody. */
export function waitingFor(gates: readonly (Gate & { readonly approved: number })[]): string | undefined {
  const open = gates
    .filter(({ approved, count }) => approved < count)
    .map((gate) => gateText({ ...gate, count: gate.count - gate.approved }));
  return open.length === 0 ? undefined : open.join(' and ');
}
