import { z } from 'zod';
import { Actor } from './principal.ts';

/** Everything that can happen to a request, in the past tense. */
export const REQUEST_EVENTS = [
  'request.submitted',
  'request.approved',
  'request.rejected',
  'request.withdrawn',
  'request.expired',
  'request.queued',
  'request.started',
  'request.dispatched',
  'request.cancel_requested',
  'request.voided',
  'request.succeeded',
  'request.failed',
  'request.cancelled',
  'request.lost',
  'request.requeued',
  'request.settled',
] as const;
export type RequestEventType = (typeof REQUEST_EVENTS)[number];

/** What a run says while it runs. */
export const RUN_EVENTS = ['run.log', 'run.progress'] as const;

/** Entries of the audit log that belong to no request. */
export const AUDIT_EVENTS = [
  ...REQUEST_EVENTS,
  'read.answered',
  'read.failed',
  'read.denied',
  'options.answered',
  'options.failed',
  'options.denied',
  'plan.answered',
  'plan.failed',
  'plan.denied',
  'request.denied',
  'approval.denied',
  'token.created',
  'token.revoked',
] as const;
export type AuditEventType = (typeof AUDIT_EVENTS)[number];

/** One event of a request, as streamed. `number` counts from 1 without a gap; it is the SSE event id. */
export const RequestEvent = z
  .object({
    number: z.int().min(1),
    type: z.enum([...REQUEST_EVENTS, ...RUN_EVENTS]),
    at: z.iso.datetime(),
    actor: Actor.nullable(),
    data: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'RequestEvent' });
export type RequestEvent = z.infer<typeof RequestEvent>;

export const AuditEvent = z
  .object({
    id: z.string().describe('A number; later entries have larger ones'),
    at: z.iso.datetime(),
    type: z.string(),
    actor: Actor,
    action: z.string().nullable(),
    environment: z.string().nullable(),
    resource: z.string().nullable(),
    request: z.string().nullable(),
    outcome: z.enum(['ok', 'denied', 'failed']),
    data: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'AuditEvent' });
export type AuditEvent = z.infer<typeof AuditEvent>;
