import { z } from 'zod';
import { ActionId, RequestId, Slug } from './ids.ts';
import { OPERATIONS } from './operations.ts';
import { Actor, ApproverGroup } from './principal.ts';
import { Decision } from './request.ts';

/** A file of policies or of test cases, as its author has it. */
export const PolicyFile = z.strictObject({
  path: z
    .string()
    .min(1)
    .max(300)
    .regex(/^\P{Cc}+$/u, 'must be a path without control characters')
    .describe('Where it stands, for people: findings name it'),
  text: z.string().describe('All of it'),
});
export type PolicyFile = z.infer<typeof PolicyFile>;

/** What is wrong, or doubtful, at a place in a file. */
export const PolicyFinding = z
  .object({
    path: z.string(),
    line: z.int().min(1),
    column: z.int().min(1),
    severity: z.enum(['error', 'warning']).describe('A set with errors is not taken; warnings are for its authors'),
    message: z.string(),
    remedy: z.string().optional(),
  })
  .meta({ id: 'PolicyFinding' });
export type PolicyFinding = z.infer<typeof PolicyFinding>;

/** One rule of a policy set. A forbid with `approvers` is a gate: approvals lift it. */
export const PolicyRule = z
  .object({
    id: z.string(),
    effect: z.enum(['permit', 'forbid']),
    annotations: z.record(z.string(), z.string()).describe('`approvers`, `count`, `reason` and what else its author noted'),
    path: z.string(),
    line: z.int(),
    text: z.string(),
  })
  .meta({ id: 'PolicyRule' });
export type PolicyRule = z.infer<typeof PolicyRule>;

/** The rules that decide now. */
export const PolicyInForce = z
  .object({
    digest: z.string().describe('Names this set: the same files give the same digest, at every replica'),
    since: z.iso.datetime().describe('Since when this gateway decides by it'),
    rules: z.array(PolicyRule),
    problem: z
      .object({ at: z.iso.datetime(), findings: z.array(PolicyFinding) })
      .nullable()
      .describe('Why the files as they are now are not in force; null when they are'),
  })
  .meta({ id: 'PolicyInForce' });
export type PolicyInForce = z.infer<typeof PolicyInForce>;

export const PolicyChecked = z
  .object({
    ok: z.boolean().describe('True when a gateway would take the set'),
    rules: z.int().describe('How many rules it has; 0 when it is not taken'),
    digest: z.string().nullable(),
    findings: z.array(PolicyFinding),
  })
  .meta({ id: 'PolicyChecked' });
export type PolicyChecked = z.infer<typeof PolicyChecked>;

/** A rule that made a decision what it is. What stands in no file is built into the gateway. */
export const DecidingRule = z
  .object({
    id: z.string(),
    role: z.enum(['permits', 'gate', 'forbids']),
    reason: z.string().nullable(),
    path: z.string().nullable(),
    line: z.int().nullable(),
  })
  .meta({ id: 'DecidingRule' });
export type DecidingRule = z.infer<typeof DecidingRule>;

export const ExpectedGate = z.object({
  approvers: ApproverGroup,
  count: z.int().min(1),
  policy: z.string().optional(),
});
export type ExpectedGate = z.infer<typeof ExpectedGate>;

/** What a test case says that the decision must be; what it does not say may be anything. */
export const Expected = z
  .object({
    effect: z.enum(['permit', 'deny', 'needs']),
    policies: z.array(z.string()).optional().describe('Rules that must be among those which decide'),
    gates: z.array(ExpectedGate).optional().describe('The gates that must be open: these and no others'),
  })
  .meta({ id: 'ExpectedDecision' });
export type Expected = z.infer<typeof Expected>;

export const PolicyCaseResult = z
  .object({
    name: z.string(),
    path: z.string(),
    line: z.int(),
    passed: z.boolean(),
    expected: Expected,
    got: Decision,
    rules: z.array(DecidingRule).describe('The rules that decided'),
    difference: z.string().nullable().describe('What is not as expected, in words; null when it passed'),
  })
  .meta({ id: 'PolicyCaseResult' });
export type PolicyCaseResult = z.infer<typeof PolicyCaseResult>;

export const PolicyTested = z
  .object({
    passed: z.int(),
    failed: z.int(),
    results: z.array(PolicyCaseResult),
    findings: z.array(PolicyFinding).describe('What is wrong with the files; nothing was run when one is an error'),
    digest: z.string().nullable().describe('The set that was tested'),
  })
  .meta({ id: 'PolicyTested' });
export type PolicyTested = z.infer<typeof PolicyTested>;

/** The one thing that is changed, and what the decision would be then. */
export const PolicyChange = z
  .object({
    change: z.enum(['environment', 'approvals', 'team', 'on-call', 'token', 'owner', 'requester']),
    what: z.string().describe('In words, as the first half of a sentence: `if it were in staging`'),
    values: z.array(z.string()).describe('Environments, teams, ...: each of them alone does it'),
    decision: Decision,
  })
  .meta({ id: 'PolicyChange' });
export type PolicyChange = z.infer<typeof PolicyChange>;

export const PolicyExplained = z
  .object({
    principal: Actor.describe('Whose question it is'),
    operation: z.enum(OPERATIONS),
    action: ActionId.nullable(),
    environment: Slug.nullable(),
    resource: z.object({ type: z.string(), id: z.string(), owner: Slug }).nullable(),
    request: RequestId.nullable(),
    decision: Decision,
    rules: z.array(DecidingRule),
    errors: z.array(z.string()).describe('Rules that could not be evaluated: any makes it a deny'),
    changes: z.array(PolicyChange).describe('What would make it another decision'),
  })
  .meta({ id: 'PolicyExplained' });
export type PolicyExplained = z.infer<typeof PolicyExplained>;

/** A recorded request that would be decided otherwise today. */
export const PolicyDifference = z
  .object({
    request: RequestId.nullable().describe('Null for a submission that was denied and so never became one'),
    at: z.iso.datetime(),
    requester: Actor,
    action: ActionId,
    environment: Slug,
    resource: z.object({ type: z.string(), id: z.string(), owner: Slug }),
    was: Decision.describe('As it was decided when it was submitted; `policies` of a permit are not recorded'),
    now: Decision,
    rules: z.array(z.string()).describe('Ids of the rules that make the difference'),
  })
  .meta({ id: 'PolicyDifference' });
export type PolicyDifference = z.infer<typeof PolicyDifference>;

export const PolicyReplayed = z
  .object({
    digest: z.string().describe('The set that decided'),
    looked: z.int().describe('Recorded submissions that were decided once more'),
    undecidable: z.int().describe('Those whose requester is no longer in the company'),
    withDenied: z
      .boolean()
      .describe('False when submissions that were denied are left out: the caller may not read the audit log'),
    differences: z.array(PolicyDifference),
    next: z.string().nullable().describe('Pass it as cursor to go on; null when all were looked at'),
  })
  .meta({ id: 'PolicyReplayed' });
export type PolicyReplayed = z.infer<typeof PolicyReplayed>;
