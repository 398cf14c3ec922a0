import { z } from 'zod';
import { Actor, TokenScope } from './principal.ts';

/** The token that a CI job or a workload got from its own platform; GitLab, GitHub and Kubernetes stay far below the limit. */
export const WorkloadAssertion = z.strictObject({
  token: z
    .string()
    .max(16_384)
    .regex(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/, 'must be a signed JWT')
    .describe('The OIDC token of the job or workload'),
});
export type WorkloadAssertion = z.infer<typeof WorkloadAssertion>;

const headers = z
  .record(z.string().regex(/^[A-Za-z0-9-]{1,64}$/, 'must be the name of a header'), z.string().max(8192))
  .refine((given) => Object.keys(given).length <= 20, 'must have at most 20 entries');

/** A signed call of sts:GetCallerIdentity that has not been sent: the gateway sends it. */
export const AwsAssertion = z.strictObject({
  method: z.enum(['POST', 'GET']),
  url: z.string().min(1).max(8192).describe('https://sts.REGION.amazonaws.com/, with the query when it is presigned'),
  headers: headers.describe('All signed headers, x-guichet-gateway with the address of this gateway among them'),
  body: z.string().max(1024).default('').describe('Action=GetCallerIdentity&Version=2011-06-15; empty for GET'),
});
export type AwsAssertion = z.infer<typeof AwsAssertion>;

/** What an identity of another system was exchanged for. */
export const Exchanged = z
  .object({
    accessToken: z.string().describe('Send it as `authorization: Bearer TOKEN`'),
    expiresAt: z.iso.datetime(),
    principal: Actor.describe('Who the token is'),
    scope: TokenScope.describe('What it is narrowed to'),
  })
  .meta({ id: 'Exchanged' });
export type Exchanged = z.infer<typeof Exchanged>;
