import { resolve } from 'node:path';
import { z } from 'zod';
import type { Queryable } from '../db/index.ts';
import { Duration } from '../duration.ts';
import { type HeadDestination, HeadFile, HeadOutput } from './destinations.ts';

const ToFile = z.strictObject({ file: z.string().min(1).describe('A file that heads are added to, one a line') });
const ToStdout = z.strictObject({ stdout: z.literal(true) });

/** The section `audit` of the configuration. */
export const AuditConfig = z.strictObject({
  heads: z
    .array(z.union([ToFile, ToStdout]))
    .min(1)
    .default([{ file: '.data/audit-heads.jsonl' }])
    .describe('Where the signed heads of the audit log are told, outside the database'),
  keep: Duration.prefault('90d').describe('Events younger than this are never archived'),
});

export type AuditSettings = z.output<typeof AuditConfig>;

export function destinationsOf({ heads }: AuditSettings, { folder, db }: { folder: string; db: Queryable }): HeadDestination[] {
  return heads.map((place) =>
    'file' in place ? new HeadFile(resolve(folder, place.file)) : new HeadOutput(db, (line) => void process.stdout.write(line)),
  );
}
