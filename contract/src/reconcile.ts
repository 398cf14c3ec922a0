import { z } from 'zod';
import { Slug } from './ids.ts';
import { Actor } from './principal.ts';

export const FINDING_KINDS = [
  'effect_without_grant',
  'grant_without_effect',
  'outcome_mismatch',
  'outcome_missing',
  'unsettled',
  'result_mismatch',
  'receipt_missing',
  'receipt_refused',
  'ledger_damaged',
  'ledger_unreadable',
] as const;

/** Something that the gateway's record and the ledger of a provider do not agree about. */
export const ReconcileFinding = z
  .object({
    kind: z.enum(FINDING_KINDS),
    provider: Slug,
    at: z.iso.datetime({ offset: true }).nullable().describe('When the grant was issued, or the run was admitted'),
    request: z.string().nullable().describe('As the gateway knows it; as the ledger says where the gateway knows none'),
    run: z.string().nullable(),
    grant: z.string().nullable(),
    message: z.string(),
    remedy: z.string(),
    resolved: z
      .object({ by: Actor, at: z.iso.datetime(), comment: z.string() })
      .optional()
      .describe('A person has said what became of the run, and its provider says nothing else: nobody has to look at it again'),
  })
  .meta({ id: 'ReconcileFinding' });
export type ReconcileFinding = z.infer<typeof ReconcileFinding>;

/** A part of the comparison: as much as fits a call. */
export const Reconciled = z
  .object({
    provider: Slug.nullable().describe('The one that was looked at last'),
    through: z.iso.datetime().nullable().describe('How far its time has been looked at'),
    grants: z.int().describe('Grants of runs that were looked at'),
    entries: z.int().describe('Entries of ledgers that were looked at'),
    findings: z.array(ReconcileFinding),
    skipped: z.array(z.object({ provider: Slug, reason: z.string() })).describe('Providers that keep no ledger'),
    next: z.string().nullable().describe('Pass it as cursor for the next part; null on the last one'),
  })
  .meta({ id: 'Reconciled' });
export type Reconciled = z.infer<typeof Reconciled>;

const time = z.iso.datetime({ offset: true });

export const ReconcileBody = z.strictObject({
  provider: Slug.optional().describe('Only this one; all that keep a ledger when absent'),
  since: time.refine((text) => text >= '2020', 'must be a time from the year 2020 on').describe('Runs since this time'),
  cursor: z.string().max(200).optional().describe('`next` of the part before'),
});
