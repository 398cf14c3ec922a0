import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { GuichetError } from '@guichet/contract';
import type { AuditHead } from '@guichet/contract/audit-log';
import { z } from 'zod';
import type { Database } from '../db/index.ts';
import { Duration } from '../duration.ts';
import { whyUnreadable } from '../findings/index.ts';
import { type KeyVault, loadAuditKeys } from './audit-keys.ts';
import { declarationOf } from './declarations.ts';
import { type HeadDestination, HeadFile, HeadOutput } from './destinations.ts';
import { HeadBucket } from './s3-destination.ts';
import { HeadWebhook } from './webhook-destination.ts';

const LOCAL = new Set(['localhost', '127.0.0.1', '[::1]']);
const isSafe = (url: string): boolean => new URL(url).protocol === 'https:' || LOCAL.has(new URL(url).hostname);

const ToFile = z.strictObject({ file: z.string().min(1).describe('A file that heads are added to, one a line') });
const ToStdout = z.strictObject({ stdout: z.literal(true) });
const ToS3 = z.strictObject({
  s3: z.strictObject({
    bucket: z.string().min(3),
    prefix: z.string().default('guichet-audit-heads/'),
    region: z.string().optional(),
    endpoint: z.url({ protocol: /^https?$/ }).optional(),
    lock: z.enum(['COMPLIANCE', 'GOVERNANCE']).default('COMPLIANCE'),
    retain: Duration.describe('For how long nobody can delete a head'),
  }),
});
const webhook = {
  url: z.url({ protocol: /^https?$/ }).refine(isSafe, 'must be https, unless it is on this machine'),
};
const ToWebhook = z.strictObject({
  webhook: z.union([
    z.strictObject(webhook),
    z.strictObject({ ...webhook, secretFromEnv: z.string() }),
    z.strictObject({ ...webhook, secretFile: z.string() }),
  ]),
});

/** The section `audit` of the configuration. */
export const AuditConfig = z.strictObject({
  heads: z
    .array(z.union([ToFile, ToStdout, ToS3, ToWebhook]))
    .min(1)
    .default([{ file: '.data/audit-heads.jsonl' }])
    .describe('Where the signed heads of the audit log are told, outside the database'),
  keep: Duration.prefault('90d').describe('Events younger than this are never archived'),
});

type HeadPlace =
  | z.output<typeof ToFile | typeof ToStdout | typeof ToS3>
  | {
      readonly webhook: { readonly url: string; readonly secret?: string | undefined; readonly secretFile?: string | undefined };
    };

export interface AuditSettings {
  readonly heads: readonly HeadPlace[];
  readonly keep: number;
}

/** The section with what its environment variables hold. `variable` throws for one that is not set. */
export function resolveAudit(
  { heads, keep }: z.output<typeof AuditConfig>,
  variable: (name: string, field: string) => string,
): AuditSettings {
  const places = heads.map((place, index): HeadPlace => {
    if (!('webhook' in place && 'secretFromEnv' in place.webhook)) return place;
    const { url, secretFromEnv } = place.webhook;
    return { webhook: { url, secret: variable(secretFromEnv, `/audit/heads/${index}/webhook/secretFromEnv`) } };
  });
  return { heads: places, keep };
}

export function destinationsOf<Envelope>(
  { heads }: AuditSettings,
  { folder, db, vault }: { folder: string; db: Database; vault: KeyVault<Envelope> },
): HeadDestination[] {
  const isLost = async (lost: AuditHead): Promise<boolean> =>
    (await declarationOf(db, { lost, keys: () => loadAuditKeys(db, vault) })) !== undefined;
  return heads.map((place) => {
    if ('file' in place) return new HeadFile(resolve(folder, place.file));
    if ('stdout' in place) return new HeadOutput(db, (line) => void process.stdout.write(line));
    if ('s3' in place) return new HeadBucket(place.s3, isLost);
    const { url, secret, secretFile } = place.webhook;
    return new HeadWebhook({ url, secret: secretFile === undefined ? secret : secretOf(resolve(folder, secretFile)) }, db);
  });
}

function secretOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (cause) {
    throw new GuichetError(
      'config.invalid',
      `The secret of a webhook of audit.heads cannot be read from ${path}: ${whyUnreadable(cause)}.`,
      {
        cause,
      },
    );
  }
}
