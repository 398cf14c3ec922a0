import { z } from 'zod';
import { ActionId, Slug } from './ids.ts';

const at = z.iso.datetime();
const count = z.int().min(0);

/** How calls of a provider went. Each gateway counts its own; times are good to a twentieth. */
export const ProviderFigures = z
  .object({
    since: at.describe('They count from then on: the last 15 minutes, or less after the start of this gateway'),
    calls: count,
    failed: count,
    errors: z
      .array(z.object({ code: z.string(), calls: count }))
      .describe('Most frequent first: a code of the error table, or `broken` for a run that ended without a last word'),
    phases: z.array(
      z.object({
        phase: z.enum(['options', 'plan', 'read', 'run', 'observe', 'tunnel']),
        calls: count,
        failed: count,
        p50Ms: z.number().describe('Half of the calls took no longer'),
        p95Ms: z.number().describe('19 of 20 calls took no longer'),
      }),
    ),
  })
  .meta({ id: 'ProviderFigures' });
export type ProviderFigures = z.infer<typeof ProviderFigures>;

/** A provider, as this gateway knows it. What it said of itself is null until it has answered for the first time. */
export const Provider = z
  .object({
    name: Slug,
    title: z.string().nullable(),
    version: z.string().nullable(),
    team: Slug.nullable().describe('The team that owns it'),
    protocol: z.int().nullable().describe('Version of the protocol that it speaks'),
    where: z.enum(['mounted', 'remote']).describe('mounted: in the process of the gateway; remote: called over HTTP'),
    available: z.boolean().describe('It answered this gateway the last time that it was asked, a few seconds ago'),
    unavailableReason: z.string().nullable(),
    since: at.describe('Since when it is available, or is not, as this gateway saw it'),
    manifestAt: at.nullable().describe('When it last said what it offers'),
    actions: z
      .object({ read: count, write: count, ids: z.array(ActionId) })
      .describe('Those of its actions that the caller may see'),
    receipts: z.boolean().describe('It signs a receipt for each run'),
    receiptKeys: z
      .array(z.string())
      .describe('Ids of the keys whose receipts are trusted: one, or one for each place where a mounted provider runs'),
    ledger: z.boolean().describe('It can be asked which grants it has used'),
    figures: ProviderFigures,
  })
  .meta({ id: 'Provider' });
export type Provider = z.infer<typeof Provider>;

const shared = { method: 'GET', permission: 'action.see', tag: 'actions', status: 200 } as const;

/** The routes of providers; a part of ROUTES. They are those of the configuration: no pages. */
export const PROVIDER_ROUTES = {
  'providers.list': {
    ...shared,
    path: '/v1/providers',
    summary: 'The providers whose actions I may see, by name: whether they answer, and how calls of them went',
    response: z.object({ items: z.array(Provider) }),
  },
  'providers.show': {
    ...shared,
    path: '/v1/providers/:provider',
    summary: 'One provider',
    // No slug: of a name that is written wrongly it is said which one is meant.
    params: z.object({ provider: z.string().min(1).max(200) }),
    response: Provider,
  },
} as const;
