import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { z } from 'zod';
import { type Place, readSecret } from '../login-config.ts';

const Cidr = z.union([z.cidrv4(), z.cidrv6()]);

/** Where replicas of instances on our own machines are made. */
export const ReplicasConfig = z.strictObject({
  folder: z.string().min(1).describe('Each replica has a folder of its own in it'),
  ports: z
    .tuple([z.int().min(1).max(65_535), z.int().min(1).max(65_535)])
    .refine(([first, last]) => first <= last, 'must be the first port and the last')
    .describe('From which to which port replicas may listen'),
  host: z.string().min(1).default('127.0.0.1').describe('Where others reach the replicas, and what they listen on'),
  allowFrom: z
    .array(Cidr)
    .min(1)
    .default(['127.0.0.1/32', '::1/128'])
    .describe('Networks from which one may log in to a replica, with a password'),
  tls: z
    .strictObject({ certFile: z.string().min(1), keyFile: z.string().min(1), caFile: z.string().min(1).optional() })
    .optional()
    .describe(
      'Replicas take TLS alone, with this certificate; caFile: the authority that signed it, else those that Node trusts',
    ),
  binaries: z
    .record(z.string().regex(/^[0-9]+$/, 'must be a major version, such as 16'), z.string().min(1))
    .default({})
    .describe('For each major version the folder of its installation, with bin in it; else those that npm brings'),
  maxRateMB: z.int().min(1).max(1024).optional().describe('So many MB a second a source may send at most'),
  settings: z
    .record(z.string().regex(/^[a-z_][a-z0-9_.]*$/, 'must be the name of a setting'), z.string().max(1000))
    .default({})
    .describe('Settings of every replica, instead of those of the source: shared_buffers, for example'),
  lookSeconds: z.int().min(1).max(60).default(5).describe('So often the provider looks whether all replicas run and follow'),
  endWithProvider: z.boolean().default(false).describe('true: replicas run only while the provider does, as in a trial'),
});

export type ReplicasSettings = z.output<typeof ReplicasConfig>;

/** The configuration with whole paths. Adds what cannot be read to the findings. */
export function resolveReplicas(config: ReplicasSettings, place: Place): ReplicasSettings {
  const whole = (path: string) => resolve(place.folder, path);
  const binaries = Object.entries(config.binaries).map(([major, path]) => [major, whole(path)]);
  const { tls } = config;
  for (const field of ['certFile', 'keyFile', 'caFile'] as const) {
    const path = tls?.[field];
    if (path !== undefined) readSecret(path, { ...place, at: `${place.at}.tls.${field}` });
  }
  return {
    ...config,
    folder: whole(config.folder),
    binaries: Object.fromEntries(binaries),
    ...(tls && {
      tls: {
        certFile: whole(tls.certFile),
        keyFile: whole(tls.keyFile),
        ...(tls.caFile !== undefined && { caFile: whole(tls.caFile) }),
      },
    }),
  };
}

/** What a replica listens on: what it is reached at, and this machine alone where that is a name of this machine alone. */
export function listenAddress({ host }: ReplicasSettings): string {
  return isIP(host) > 0 || host !== 'localhost' ? host : '127.0.0.1';
}
