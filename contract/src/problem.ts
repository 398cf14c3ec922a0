import { z } from 'zod';

/** An error on the wire: RFC 9457 problem details, media type `application/problem+json`. */
export const Problem = z
  .object({
    type: z.string().describe('urn:guichet:error:CODE'),
    title: z.string(),
    status: z.int(),
    code: z.string().describe('A code of the error table, docs/spec/errors.md'),
    detail: z.string().describe('What happened'),
    remedy: z.string().optional().describe('What to do next'),
    retryable: z.boolean(),
    trace: z.string().optional().describe('Id of this call in the logs of the gateway'),
    errors: z
      .array(z.object({ field: z.string(), message: z.string(), remedy: z.string().optional() }))
      .optional()
      .describe('One entry for each field that is wrong; field is a JSON pointer'),
    details: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof Problem>;
