import { action, type ProviderAction } from '@guichet/sdk';
import { z } from 'zod';
import { failing, refusing } from '../instance-error.ts';
import { CANCEL } from '../signal-kind.ts';
import { planSignal } from '../signal-plan.ts';
import { observeSignal, runSignal } from '../signal-run.ts';
import { InstanceName, instanceOptions } from './instance-field.ts';
import { Pid, pidOptions, SEEN_BEFORE } from './pid-field.ts';
import type { Workplace } from './workplace.ts';

/**
 * Reversible: the statement is rolled back, so the data is as if it had not begun, and running it again gives what it would
 * have given. Idempotent: the signal is bound to the statement, so a second one finds it gone and hits nobody.
 */
export function cancelQueryAction(workplace: Workplace): ProviderAction {
  const { estate, mask, watchSeconds } = workplace;
  return action('cancel-query', {
    title: 'Cancel a query',
    description:
      'Stops the statement that a session runs; the session stays. Only the statement that was seen when this was planned is stopped, never a later one.',
    kind: 'write',
    risk: 'reversible',
    input: z.strictObject({ instance: InstanceName, pid: Pid, ...SEEN_BEFORE }),
    output: 'record',
    idempotent: true,
    timeoutSeconds: 60,
    examples: [{ title: 'Stop a query that runs for too long', input: { instance: 'pg1', pid: 14_024 } }],
    options: { instance: instanceOptions(workplace), pid: pidOptions(workplace, CANCEL) },
    plan: ({ input, environment }) =>
      refusing(async () => {
        const instance = await estate.find(environment, input.instance);
        return planSignal(CANCEL, { ...input, instance, environment, boundTo: 'statement' }, await mask());
      }),
    run: ({ input, seen, ...voice }) =>
      failing(async () => {
        const instance = await estate.find(voice.environment, input.instance);
        return runSignal(CANCEL, { instance, seen, mask: await mask(), watchSeconds, voice });
      }),
    observe: ({ input, seen, environment }) =>
      failing(async () => observeSignal(CANCEL, { instance: await estate.find(environment, input.instance), seen, environment })),
  });
}
