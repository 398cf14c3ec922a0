import { z } from 'zod';
import { ActionId, ActionName, Slug } from './ids.ts';
import { OUTPUT_KINDS } from './output.ts';
import { ReceiptKey } from './receipt.ts';
import { lastsSeconds } from './route-parts.ts';

/** A JSON Schema (draft 2020-12) of an object: the input of an action. */
export const InputSchema = z.record(z.string(), z.unknown()).meta({ id: 'InputSchema' });
export type InputSchema = z.infer<typeof InputSchema>;

export const Risk = z.enum(['safe', 'reversible', 'destructive']);
export type Risk = z.infer<typeof Risk>;

export const ActionKind = z.enum(['read', 'write']);
export type ActionKind = z.infer<typeof ActionKind>;

/** The least that approvers of an action must be, set by its author; policy can only tighten it. */
export const ApprovalMinimum = z.object({
  team: Slug.describe('Members of this team may approve'),
  count: z.int().min(1).max(10).default(1).describe('How many different people must approve'),
});
export type ApprovalMinimum = z.infer<typeof ApprovalMinimum>;

/** How long what an action does is there before it is undone by itself. */
export const Lasts = z
  .object({
    default: lastsSeconds.describe('In seconds, for a request that does not say'),
    most: lastsSeconds.describe('In seconds; a request for longer is refused'),
  })
  .meta({ id: 'Lasts' });
export type Lasts = z.infer<typeof Lasts>;

export const ActionExample = z.object({ title: z.string(), input: z.record(z.string(), z.unknown()) });

/** One action as its provider describes it in the manifest. */
export const ManifestAction = z
  .object({
    name: ActionName,
    version: z.string().describe('Changes whenever anything in this description changes'),
    title: z.string(),
    description: z.string().default(''),
    kind: ActionKind,
    risk: Risk,
    input: InputSchema,
    output: z.enum(OUTPUT_KINDS),
    environments: z.array(Slug).optional().describe('Where it is offered; everywhere when absent'),
    approval: ApprovalMinimum.optional(),
    idempotent: z
      .boolean()
      .default(false)
      .describe('Running it twice has the effect of running it once; only such runs are retried'),
    observable: z.boolean().default(false).describe('The provider can say afterwards what a run did'),
    undo: ActionName.optional().describe('The action of the same provider that undoes a run of this one'),
    lasts: Lasts.optional().describe('A request of it is always for a while'),
    tunnel: z.boolean().optional().describe('A request that has succeeded can be connected to'),
    timeoutSeconds: z.int().min(1).max(86_400).default(60),
    options: z.array(z.string()).default([]).describe('Fields of the input with live choices'),
    examples: z.array(ActionExample).default([]),
  })
  .meta({ id: 'ManifestAction' });
export type ManifestAction = z.infer<typeof ManifestAction>;

/** `GET /guichet/v1/manifest` */
export const Manifest = z
  .object({
    protocol: z.literal(1),
    provider: Slug,
    title: z.string(),
    version: z.string(),
    team: Slug.describe('The team that owns the provider'),
    actions: z.array(ManifestAction),
    receipts: ReceiptKey.optional().describe('Absent: it signs no receipts'),
    ledger: z.boolean().optional().describe('It can be asked which grants it has used'),
  })
  .meta({ id: 'Manifest' });
export type Manifest = z.infer<typeof Manifest>;

/** One action as consumers see it. */
export const Action = ManifestAction.extend({
  id: ActionId,
  provider: Slug,
  team: Slug.describe('The team that owns the provider'),
  available: z.boolean().describe('False while its provider cannot be reached'),
  unavailableReason: z.string().optional(),
}).meta({ id: 'Action' });
export type Action = z.infer<typeof Action>;
