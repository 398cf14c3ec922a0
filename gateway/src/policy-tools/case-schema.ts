import { ActionId, ActionKind, ApprovalMinimum, ApproverGroup, OPERATIONS, Risk, Slug, TokenScope } from '@guichet/contract';
import { z } from 'zod';

/** A bare name is a person. */
const Who = z
  .string()
  .regex(/^(?:(?:user|machine):)?[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/, 'must be the name of a person, or machine:NAME')
  .transform((text) => (text.includes(':') ? text : `user:${text}`));

const Case = z.strictObject({
  name: z.string().trim().min(1).max(300).describe('A sentence that says what holds'),
  who: Who.describe('Who asks'),
  teams: z.array(Slug).optional().describe('Instead of the teams that the company says they are in'),
  onCall: z.array(Slug).optional().describe('Instead of the teams that the company says they are on call for'),
  token: TokenScope.strict().optional().describe('What their token is narrowed to'),
  action: ActionId.optional(),
  environment: Slug.optional(),
  resource: z
    .strictObject({
      type: z.string().min(1).default('thing'),
      id: z.string().min(1).default('any'),
      service: Slug.optional(),
      owner: Slug.optional().describe("Team that owns it; the action's own team when absent"),
    })
    .optional(),
  input: z.record(z.string(), z.unknown()).default({}),
  lastsSeconds: z.int().min(1).optional().describe('Asked for so long; for good when absent'),
  approvals: z.array(Who).default([]).describe('Who has approved'),
  operation: z.enum(OPERATIONS).optional().describe('action.submit of a write and action.read of a read when absent'),
  requester: Who.optional().describe('Who filed the request that is spoken of'),
  of: Who.optional().describe('For operations about a token, a session or a schedule: whose it is; their own when absent'),
  expect: z.enum(['permit', 'deny', 'needs']),
  policies: z.array(z.string().min(1)).optional().describe('Ids of rules that must be among those which decide'),
  gates: z
    .array(z.strictObject({ approvers: ApproverGroup, count: z.int().min(1).default(1), policy: z.string().optional() }))
    .optional()
    .describe('The gates that must be open: these and no others'),
});
export type CaseAsWritten = z.output<typeof Case>;

const ActionFacts = z.strictObject({
  kind: ActionKind,
  risk: Risk.default('safe'),
  team: Slug.optional().describe('The team that owns its provider'),
  approval: ApprovalMinimum.strict().optional(),
});

/** A file of test cases; docs/guide/policy-tools.md describes every field. */
export const CaseFileSchema = z.strictObject({
  company: z.record(z.string(), z.unknown()).optional().describe("A company to test with, instead of the gateway's"),
  environments: z.array(Slug).min(1).optional().describe("Environments to test with, instead of the gateway's"),
  actions: z.record(ActionId, ActionFacts).default({}).describe('Actions that the catalogue of the gateway need not have'),
  cases: z.array(Case).min(1),
});
export type CaseFileAsWritten = z.output<typeof CaseFileSchema>;
