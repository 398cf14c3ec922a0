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

const at = z.iso.datetime();

export const AuditStatus = z
  .object({
    state: z
      .enum(['verified', 'behind', 'damaged', 'unknown'])
      .describe(
        'What this gateway knows of the log: verified: all that is sealed holds; behind: not all of it was looked at, or not lately; damaged: it does not hold; unknown: nothing was looked at yet',
      ),
    at: at.nullable().describe('When it had last looked at all that was sealed'),
    log: z
      .object({
        size: z.int().describe('Events that the last head covers'),
        head: z.object({ number: z.int(), at, size: z.int() }).nullable().describe('The last head'),
        unsealed: z.int().describe('Events that no head covers yet; counted to 10,000'),
        lagSeconds: z.number().describe('Age of the oldest of them; 0 when there is none'),
        problem: z.string().nullable().describe('Why this gateway seals no more'),
        verified: z
          .object({
            at: at.nullable(),
            through: z.int().nullable().describe('The last head that was checked; null before the first'),
            events: z.int().describe('Events that were found in their place'),
            wholeAt: at.nullable().describe('When all of it was last looked at from its beginning'),
            restores: z.array(z.int()).describe('Heads that declare a restore'),
            findings: z.array(
              z.object({ kind: z.string(), message: z.string(), head: z.int().optional(), ids: z.array(z.string()).optional() }),
            ),
          })
          .nullable()
          .describe('Null before it has looked at all once, unless something is wrong already'),
      })
      .nullable()
      .describe('For those who may read the log; null for others'),
  })
  .meta({ id: 'AuditStatus' });
export type AuditStatus = z.infer<typeof AuditStatus>;

export const AUDIT_ROUTES = {
  'audit.status': {
    method: 'GET',
    path: '/v1/audit/status',
    permission: 'signed-in',
    tag: 'audit',
    status: 200,
    summary: 'Whether the audit log holds, as this gateway has checked it by itself; the details need audit.see',
    response: AuditStatus,
  },
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
      key: z
        .string()
        .nullable()
        .describe('The public key that the last head is signed with, in base64; null before the first head'),
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
