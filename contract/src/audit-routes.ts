import { z } from 'zod';
import { digits } from './route-parts.ts';

/** A number of a head; 0 is before the first one. */
const after = z.preprocess(digits, z.int().min(0)).default(0).describe('Only what comes after the head of this number');
const hex = z.string().regex(/^[0-9a-f]{64}$/);

/** A signed head; its exact form, and how to check it, is in docs/spec/audit.md. */
export const AuditHeadDocument = z
  .looseObject({ number: z.int(), at: z.string(), size: z.int(), root: hex, signature: z.string() })
  .meta({ id: 'AuditHead' });

export const AuditProof = z
  .object({
    event: z.string().describe('The line of the event, exactly as it was hashed'),
    index: z.int().describe('Its place in the log, from 0'),
    path: z.array(hex).describe('The hashes that lead from it to the root of the head'),
    head: AuditHeadDocument,
  })
  .meta({ id: 'AuditProof' });
export type AuditProof = z.infer<typeof AuditProof>;

export const AUDIT_ROUTES = {
  'audit.heads': {
    method: 'GET',
    path: '/v1/audit/heads',
    permission: 'audit.see',
    tag: 'audit',
    status: 200,
    summary: 'The signed heads of the audit log, oldest first, a thousand a page',
    query: z.object({ after }),
    response: z.object({
      items: z.array(AuditHeadDocument),
      next: z.int().nullable().describe('Pass it as `after` for the next page; null on the last one'),
      key: z.string().nullable().describe('The public key that signs now, in base64; null before the first head'),
      problem: z.string().nullable().describe('Why this gateway seals no more'),
    }),
  },
  'audit.export': {
    method: 'GET',
    path: '/v1/audit/export',
    permission: 'audit.see',
    tag: 'audit',
    status: 200,
    summary: 'The sealed events as lines, in the order of the log, for checking: those of the next heads, about 5,000 a page',
    query: z.object({ after }),
    response: z.object({
      lines: z.array(z.string()),
      start: z.int().describe('Place of the first of them in the log, from 0'),
      hashes: z.string().describe('The hashes that the log keeps of them, 32 bytes each, in base64'),
      next: z.int().nullable().describe('Pass it as `after` for the next page; null on the last one'),
    }),
  },
  'audit.proof': {
    method: 'GET',
    path: '/v1/audit/events/:event/proof',
    permission: 'audit.see',
    tag: 'audit',
    status: 200,
    summary: 'The proof that an event is in the log, which anybody can check without it',
    params: z.object({ event: z.string().regex(/^[1-9][0-9]{0,15}$/, 'must be the number of an event') }),
    response: AuditProof,
  },
} as const;
