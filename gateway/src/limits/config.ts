import { z } from 'zod';
import { Duration } from '../duration.ts';

/** How often an action may be asked for. */
export const ActionLimit = z.strictObject({
  action: z
    .string()
    .max(122)
    .regex(/^[a-z][a-z0-9]*(?:[-.][a-z0-9]+)*(?:\.\*)?$/, 'must be an action id, or a prefix ending in .*')
    .describe('An action id, or a prefix ending in .*'),
  max: z.int().min(1).max(1_000_000),
  per: Duration,
  of: z.enum(['each', 'all']).default('each').describe('each: counted for each principal; all: for all of them together'),
});
export type ActionLimit = z.output<typeof ActionLimit>;

export const LimitsConfig = z.strictObject({
  calls: z
    .strictObject({ max: z.int().min(1).max(10_000_000).default(6000), per: Duration.prefault('1m') })
    .prefault({})
    .describe('All calls of one principal, at each gateway'),
  actions: z.array(ActionLimit).max(200).default([]),
});
export type LimitsConfig = z.output<typeof LimitsConfig>;
