import { action, type ProviderAction } from '@guichet/sdk';
import { z } from 'zod';
import { failing, refusing } from '../instance-error.ts';
import { TERMINATE } from '../signal-kind.ts';
import { planSignal } from '../signal-plan.ts';
import { observeSignal, runSignal } from '../signal-run.ts';
import { InstanceName, instanceOptions } from './instance-field.ts';
import { Pid, pidOptions, SEEN_BEFORE } from './pid-field.ts';
import type { Workplace } from './workplace.ts';

const Input = z.strictObject({
  instance: InstanceName,
  pid: Pid,
  ...SEEN_BEFORE,
  anyStatement: z
    .boolean()
    .default(false)
    .describe('End the session whatever it runs by then, not only at the statement that was seen'),
});

/**
 * Destructive: what the open transaction has done, temporary tables and prepared statements of the session are lost.
 * Idempotent: the signal is bound to the session, so a second one finds it gone and hits nobody, not even who got its pid.
 */
export function terminateSessionAction(workplace: Workplace): ProviderAction {
  const { estate, mask, watchSeconds } = workplace;
  return action('terminate-session', {
    title: 'Terminate a session',
    description:
      'Ends the connection of a session, rolls its transaction back and frees its locks. Only the session that was seen when this was planned is ended, and only if it is still at the same statement.',
    kind: 'write',
    risk: 'destructive',
    input: Input,
    output: 'record',
    idempotent: true,
    timeoutSeconds: 60,
    examples: [
      { title: 'End a session that holds others up', input: { instance: 'pg1', pid: 14_024 } },
      {
        title: 'End a session that runs one statement after another',
        input: { instance: 'pg1', pid: 14_024, anyStatement: true },
      },
    ],
    options: { instance: instanceOptions(workplace), pid: pidOptions(workplace, TERMINATE) },
    plan: ({ input, environment }) =>
      refusing(async () => {
        const instance = await estate.find(environment, input.instance);
        const boundTo = input.anyStatement ? 'session' : 'statement';
        return planSignal(TERMINATE, { ...input, instance, environment, boundTo }, await mask());
      }),
    run: ({ input, seen, ...voice }) =>
      failing(async () => {
        const instance = await estate.find(voice.environment, input.instance);
        return runSignal(TERMINATE, { instance, seen, mask: await mask(), watchSeconds, voice });
      }),
    observe: ({ input, seen, environment }) =>
      failing(async () =>
        observeSignal(TERMINATE, { instance: await estate.find(environment, input.instance), seen, environment }),
      ),
  });
}
