import { action, type ProviderAction } from '@guichet/sdk';
import { z } from 'zod';
import { failing, refusing } from '../instance-error.ts';
import { observeTimeout, planTimeout, setTimeoutOf, type TimeoutSeen } from '../statement-timeout/set-timeout.ts';
import { DatabaseName, databaseOptions } from './database-field.ts';
import { Duration, secondsOf } from './duration-field.ts';
import { InstanceName, instanceOptions } from './instance-field.ts';
import { userOptions } from './user-field.ts';
import type { Workplace } from './workplace.ts';

const NONE = 'none';
const DEFAULT = 'default';
/** The server counts milliseconds in 32 bits. */
const LONGEST_MS = 2_147_483_647;

const WAYS = 'Write a length of time (30s, 5m), none for no limit, or default to take the setting away.';
const Timeout = z
  .string()
  .max(20)
  .refine((text) => text === NONE || text === DEFAULT || Duration.safeParse(text).success, { message: WAYS });

const Input = z.strictObject({
  instance: InstanceName,
  role: z.string().min(1).max(63).optional().describe('Whose statements; of everybody in the database when absent'),
  database: DatabaseName.optional().describe('In which database; in all of them when absent'),
  statementTimeout: Timeout.describe('Length of time (30s, 5m), none for no limit, or default to take the setting away'),
});

/** In ms; null takes the setting away. */
function millisecondsOf(timeout: string): number | null {
  if (timeout === DEFAULT) return null;
  return timeout === NONE ? 0 : Math.min(LONGEST_MS, Math.max(1, Math.round(secondsOf(timeout) * 1000)));
}

/** As the field takes it. */
function textOf(timeout: number | null): string {
  if (timeout === null) return DEFAULT;
  return timeout === 0 ? NONE : `${timeout}ms`;
}

/** Idempotent: to set it twice is to set it once. What undoes it is the same with what was there before. */
export function setStatementTimeoutAction(workplace: Workplace): ProviderAction {
  const { estate } = workplace;
  const wanted = async ({ statementTimeout, ...input }: z.output<typeof Input>, environment: string) => ({
    ...input,
    timeout: millisecondsOf(statementTimeout),
    instance: await estate.find(environment, input.instance),
    environment,
  });
  return action<typeof Input, 'record', TimeoutSeen>('set-statement-timeout', {
    title: 'Set a statement timeout',
    description:
      'How long a statement of a role, in a database, or of a role in a database may take. Sessions that begin from then on have it. With --for it is what it was before when the time is over.',
    kind: 'write',
    risk: 'reversible',
    input: Input,
    output: 'record',
    idempotent: true,
    timeoutSeconds: 30,
    examples: [
      {
        title: 'End what takes longer than half a minute',
        input: { instance: 'pg1', role: 'reporting', statementTimeout: '30s' },
      },
      {
        title: 'Give a role more time in one database',
        input: { instance: 'pg1', role: 'reporting', database: 'shop', statementTimeout: '10m' },
      },
      { title: 'Take the setting away', input: { instance: 'pg1', database: 'shop', statementTimeout: 'default' } },
    ],
    options: { instance: instanceOptions(workplace), role: userOptions(workplace), database: databaseOptions(workplace) },
    plan: ({ input, environment }) => refusing(async () => planTimeout(await wanted(input, environment))),
    run: ({ input, seen, environment }) => failing(async () => setTimeoutOf(await wanted(input, environment), seen)),
    observe: ({ input, seen, environment }) => failing(async () => observeTimeout(await wanted(input, environment), seen)),
    undo: {
      action: 'set-statement-timeout',
      input: ({ input, seen }) => ({ ...input, statementTimeout: textOf(seen.before) }),
    },
  });
}
