import { z } from 'zod';
import { Slug } from './ids.ts';

/** How a run ended, as its provider says. */
export const RUN_OUTCOMES = ['succeeded', 'failed', 'cancelled'] as const;
export type RunOutcome = (typeof RUN_OUTCOMES)[number];

const time = z.iso.datetime({ offset: true });

/** What the grant of a run names, and so what a receipt answers to. */
const subject = {
  grant: z.string().max(200).describe('`jti` of the grant that was used'),
  run: z.string().max(200),
  request: z.string().max(200),
  action: z.string().max(200).describe('Name inside the provider'),
  environment: z.string().max(200),
  input: z.string().max(200).describe('sha256 digest of the input, its secret fields replaced by the marker'),
};

/** The claims of a receipt: a PASETO v4.public token of the provider, key id in the footer `{"kid":...}`. */
export const ReceiptClaims = z.object({
  type: z.literal('receipt'),
  provider: Slug,
  ...subject,
  status: z.enum(RUN_OUTCOMES),
  result: z.string().max(200).describe('sha256 digest of the output, or of the failure'),
  startedAt: time.describe('By the clock of the provider'),
  finishedAt: time.describe('By the clock of the provider'),
});
export type ReceiptClaims = z.infer<typeof ReceiptClaims>;

const PublicKey = {
  kid: z.string().min(1).max(200),
  paserk: z.string().regex(/^k4\.public\.[A-Za-z0-9_-]{43}$/, 'must be a k4.public PASERK'),
};

/** A new key, announced by the one before it: signed like a receipt, with the old key. */
export const SuccessionClaims = z.object({ type: z.literal('succession'), provider: Slug, ...PublicKey, at: time });
export type SuccessionClaims = z.infer<typeof SuccessionClaims>;

/** The key that signs a provider's receipts, as its manifest says it. */
export const ReceiptKey = z.object({
  ...PublicKey,
  successions: z
    .array(z.string().max(4096))
    .max(50)
    .optional()
    .describe('Oldest first: tokens in which each key announced the next one'),
});
export type ReceiptKey = z.infer<typeof ReceiptKey>;

/** `started`: nothing was recorded of its end; `not_started`: it was admitted, and nothing was done; `unknown`: it ended, how is not known. */
export const LEDGER_STATUSES = [...RUN_OUTCOMES, 'started', 'not_started', 'unknown'] as const;
export type LedgerStatus = (typeof LEDGER_STATUSES)[number];

/** One run that a provider admitted, as its ledger has it. */
export const LedgerEntry = z.object({
  ...subject,
  startedAt: time,
  status: z.enum(LEDGER_STATUSES),
  finishedAt: time.nullable(),
  result: z.string().max(200).nullable(),
  receipt: z.string().max(8192).nullable(),
});
export type LedgerEntry = z.infer<typeof LedgerEntry>;

/** `GET /guichet/v1/ledger` */
export const LedgerPage = z.object({
  entries: z.array(LedgerEntry).max(1000),
  next: z.string().max(200).nullable().describe('Pass it as cursor for the next page; null on the last one'),
  knowsFrom: time.optional().describe('It knows of no run before this time: it is younger, or has removed what was older'),
  damaged: z.int().min(0).optional().describe('Lines of the ledger that cannot be read'),
});
export type LedgerPage = z.infer<typeof LedgerPage>;

/** The query of a call of the ledger: texts, for the grant holds the digest of just these members. */
export const LedgerQuery = z.strictObject({
  since: time.describe('Runs admitted at this time or later'),
  until: time.optional().describe('Runs admitted before this time'),
  cursor: z.string().max(200).optional(),
  limit: z
    .string()
    .regex(/^[0-9]{1,4}$/)
    .optional()
    .describe('1 to 1000; 500 when absent'),
});
export type LedgerQuery = z.infer<typeof LedgerQuery>;
