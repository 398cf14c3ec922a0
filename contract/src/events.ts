import { z } from 'zod';
import type { Operation } from './operations.ts';
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
  'request.approval_reused',
  'request.glass_broken',
  'request.reviewed',
  'request.review_reminded',
  'request.undo_filed',
  'request.undone',
  'request.undo_failed',
  'request.resolved',
  'request.undo_scheduled',
  'request.undo_delayed',
  'request.undo_held',
  'request.extended',
] as const;
export type RequestEventType = (typeof REQUEST_EVENTS)[number];

/** What a run says while it runs. */
export const RUN_EVENTS = ['run.log', 'run.progress'] as const;
export type RunEventType = (typeof RUN_EVENTS)[number];

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
  'access.denied',
  'policy.asked',
  'policy.loaded',
  'policy.refused',
  'company.loaded',
  'company.refused',
  'token.created',
  'token.revoked',
  'session.created',
  'session.revoked',
  'session.reuse_detected',
  'sign_in.allowed',
  'sign_in.denied',
  'sign_in.refused',
  'identity.unbound',
  'identity.reassigned',
  'assertion.refused',
  'grant_key.created',
  'grant_key.revoked',
  'sealing.rewrapped',
] as const;
export type AuditEventType = (typeof AUDIT_EVENTS)[number];

/** What somebody must be permitted to see each event; the gateway does not start with one that is missing here. */
export const EVENT_PERMISSIONS = {
  'request.submitted': 'request.see',
  'request.approved': 'request.see',
  'request.rejected': 'request.see',
  'request.withdrawn': 'request.see',
  'request.expired': 'request.see',
  'request.queued': 'request.see',
  'request.started': 'request.see',
  'request.dispatched': 'request.see',
  'request.cancel_requested': 'request.see',
  'request.voided': 'request.see',
  'request.succeeded': 'request.see',
  'request.failed': 'request.see',
  'request.cancelled': 'request.see',
  'request.lost': 'request.see',
  'request.requeued': 'request.see',
  'request.settled': 'request.see',
  'request.approval_reused': 'request.see',
  'request.glass_broken': 'request.see',
  'request.reviewed': 'request.see',
  'request.review_reminded': 'request.see',
  'request.undo_filed': 'request.see',
  'request.undone': 'request.see',
  'request.undo_failed': 'request.see',
  'request.resolved': 'request.see',
  'request.undo_scheduled': 'request.see',
  'request.undo_delayed': 'request.see',
  'request.undo_held': 'request.see',
  'request.extended': 'request.see',
  'run.log': 'request.see',
  'run.progress': 'request.see',
  'read.answered': 'audit.see',
  'read.failed': 'audit.see',
  'read.denied': 'audit.see',
  'options.answered': 'audit.see',
  'options.failed': 'audit.see',
  'options.denied': 'audit.see',
  'plan.answered': 'audit.see',
  'plan.failed': 'audit.see',
  'plan.denied': 'audit.see',
  'request.denied': 'audit.see',
  'approval.denied': 'audit.see',
  'access.denied': 'audit.see',
  'policy.asked': 'audit.see',
  'policy.loaded': 'audit.see',
  'policy.refused': 'audit.see',
  'company.loaded': 'audit.see',
  'company.refused': 'audit.see',
  'token.created': 'audit.see',
  'token.revoked': 'audit.see',
  'session.created': 'audit.see',
  'session.revoked': 'audit.see',
  'session.reuse_detected': 'audit.see',
  'sign_in.allowed': 'audit.see',
  'sign_in.denied': 'audit.see',
  'sign_in.refused': 'audit.see',
  'identity.unbound': 'audit.see',
  'identity.reassigned': 'audit.see',
  'assertion.refused': 'audit.see',
  'grant_key.created': 'audit.see',
  'grant_key.revoked': 'audit.see',
  'sealing.rewrapped': 'audit.see',
} as const satisfies Record<AuditEventType | RunEventType, Operation>;

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
