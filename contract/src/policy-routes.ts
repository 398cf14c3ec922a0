import { z } from 'zod';
import { ActionId, RequestId, Slug } from './ids.ts';
import { OPERATIONS } from './operations.ts';
import { PolicyChecked, PolicyExplained, PolicyFile, PolicyInForce, PolicyReplayed, PolicyTested } from './policy.ts';

/** A policy set and its cases are larger than any form. */
const BODY_BYTES = 1024 * 1024;
const MOST_FILES = 500;

const policies = z
  .array(PolicyFile)
  .min(1)
  .max(MOST_FILES)
  .optional()
  .describe('Files of policies to decide by, instead of those in force');
const who = z
  .string()
  .max(130)
  .regex(/^(?:(?:user|machine):)?[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/, 'must be user:NAME, machine:NAME, or the name of a person');

/** The routes of the policy tools; a part of ROUTES. */
export const POLICY_ROUTES = {
  'policy.show': {
    method: 'GET',
    path: '/v1/policy',
    permission: 'policy.see',
    tag: 'policy',
    status: 200,
    summary: 'The rules in force',
    response: PolicyInForce,
  },
  'policy.check': {
    method: 'POST',
    path: '/v1/policy/check',
    permission: 'policy.test',
    tag: 'policy',
    status: 200,
    summary: 'Would a gateway take these files? Changes nothing',
    bodyBytes: BODY_BYTES,
    body: z.strictObject({ files: z.array(PolicyFile).min(1).max(MOST_FILES) }),
    response: PolicyChecked,
  },
  'policy.test': {
    method: 'POST',
    path: '/v1/policy/test',
    permission: 'policy.test',
    tag: 'policy',
    status: 200,
    summary: 'Run test cases against the rules in force, or against others. Changes nothing',
    bodyBytes: BODY_BYTES,
    body: z.strictObject({
      files: z.array(PolicyFile).min(1).max(MOST_FILES).describe('Files of cases, in YAML'),
      policies,
    }),
    response: PolicyTested,
  },
  'policy.explain': {
    method: 'POST',
    path: '/v1/policy/explain',
    permission: 'policy.see',
    tag: 'policy',
    status: 200,
    summary: 'Why a decision is what it is, and what would change it; of a request or of a call that could be made',
    body: z.strictObject({
      request: RequestId.optional().describe('May it run? With `as`: may they approve it?'),
      action: ActionId.optional().describe('Of a call that could be made; then `environment` too'),
      environment: Slug.optional(),
      owner: Slug.optional().describe(
        "Team that owns what it would act on; when absent that of the service, else the provider's own",
      ),
      service: Slug.optional().describe('Service of what it would act on'),
      resource: z.strictObject({ type: z.string().min(1).max(100), id: z.string().min(1).max(500) }).optional(),
      input: z.record(z.string(), z.unknown()).optional().describe('What rules that look at the input see of it'),
      lastsSeconds: z
        .int()
        .min(1)
        .max(366 * 86_400)
        .optional()
        .describe('Asked for so long; for good when absent'),
      operation: z.enum(OPERATIONS).optional().describe('What is asked for, when it is not the obvious'),
      as: who.optional().describe('As somebody else: for people only, and recorded'),
    }),
    response: PolicyExplained,
  },
  'policy.replay': {
    method: 'POST',
    path: '/v1/policy/replay',
    permission: 'policy.test',
    tag: 'policy',
    status: 200,
    summary: 'Which recorded requests would now be decided otherwise; newest first, up to 1,000 a call. Changes nothing',
    bodyBytes: BODY_BYTES,
    body: z.strictObject({
      since: z.iso.datetime({ offset: true }).refine((text) => !text.startsWith('0000'), 'must be a time from the year 1 on'),
      policies,
      cursor: z
        .string()
        .max(60)
        .regex(/^(?:requests|denied):[0-9]{1,18}$/, 'must be `next` of the page before')
        .optional()
        .describe('`next` of the page before'),
    }),
    response: PolicyReplayed,
  },
} as const;
