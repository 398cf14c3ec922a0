import { z } from 'zod';
import { Slug } from './ids.ts';

/** What an action acts on, and who owns it. The owner's team approves work on it. */
export const Resource = z
  .object({
    type: z.string().describe('e.g. postgres.instance'),
    id: z.string(),
    service: Slug.optional().describe('The service of the company that it belongs to: policies speak of services'),
    owner: Slug.optional().describe("The owning team; when absent the team of the service, else the provider's own"),
  })
  .meta({ id: 'Resource' });
export type Resource = z.infer<typeof Resource>;

/**
 * What would happen, in words. People approve this. `fingerprint` names the state of the world that the plan
 * rests on: when a new plan has another fingerprint, the approval no longer holds.
 */
export const Plan = z
  .object({
    summary: z.string().min(1).describe('The effect in one sentence'),
    effects: z.array(z.string()).default([]).describe('What changes, one sentence each'),
    warnings: z.array(z.string()).default([]),
    resource: Resource,
    fingerprint: z.string().min(1),
    seen: z.unknown().optional().describe('What the plan saw, given back to the run as it was; plain JSON'),
  })
  .meta({ id: 'Plan' });
export type Plan = z.infer<typeof Plan>;
export type PlanInput = z.input<typeof Plan>;
