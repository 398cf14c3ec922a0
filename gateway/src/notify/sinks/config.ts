import { Slug } from '@guichet/contract';
import { z } from 'zod';

const sink = {
  name: Slug,
  url: z.url({ protocol: /^https?$/ }),
  batch: z.int().min(1).max(1000).default(200).describe('Events a delivery, at most'),
  from: z.enum(['beginning', 'now']).default('beginning').describe('Where a new sink begins: with all that is recorded, or not'),
};

/** Field `auditSinks` of the configuration: who gets every event of the audit log. */
export const SinksConfig = z
  .array(
    z.union([
      z.strictObject({ kind: z.literal('webhook'), ...sink, secretFromEnv: z.string().optional() }),
      z.strictObject({ kind: z.literal('otlp'), ...sink }),
    ]),
  )
  .default([]);

/** A sink as the gateway uses it, with the secret that its configuration names. */
export interface SinkSettings {
  readonly kind: 'webhook' | 'otlp';
  readonly name: string;
  readonly url: string;
  readonly secret: string | undefined;
  readonly batch: number;
  readonly from: 'beginning' | 'now';
}

export function resolveSinks(
  sinks: z.output<typeof SinksConfig>,
  variable: (name: string, field: string) => string,
): SinkSettings[] {
  return sinks.map(({ kind, name, url, batch, from, ...rest }, index) => {
    const named = 'secretFromEnv' in rest ? rest.secretFromEnv : undefined;
    const secret = named === undefined ? undefined : variable(named, `/auditSinks/${index}/secretFromEnv`);
    return { kind, name, url, batch, from, secret };
  });
}
