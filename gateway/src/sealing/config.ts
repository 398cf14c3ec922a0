import { resolve } from 'node:path';
import { z } from 'zod';
import { type KeyEncryptionKey, Keyring } from './key-encryption-key.ts';
import { KmsKey } from './kms-key.ts';
import { loadKeyFile, parseKeys } from './local-keys.ts';

const Kms = z.strictObject({
  keyId: z
    .string()
    .regex(/^(?!alias\/|arn:[^:]*:kms:[^:]*:[^:]*:alias\/).+$/, 'must be the id or the ARN of a key, not an alias')
    .describe('What was sealed names its key, so the key itself is named'),
  region: z.string().optional(),
  endpoint: z.url({ protocol: /^https?$/ }).optional(),
});
const FromFile = z.strictObject({ keyFile: z.string() });
const FromEnv = z.strictObject({ keyFromEnv: z.string() });
const FromKms = z.strictObject({ kms: Kms });
const formerly = z
  .array(z.union([FromFile, FromEnv, FromKms]))
  .default([])
  .describe('Where older keys are: they open what they have sealed');

/** The section `sealing` of the configuration. */
export const SealingConfig = z
  .union([FromFile.extend({ formerly }), FromEnv.extend({ formerly }), FromKms.extend({ formerly })])
  .prefault({ keyFile: '.data/sealing.key' });

/** Where one or several keys are; those of an environment variable are there already. */
type Place =
  | { readonly keyFile: string }
  | { readonly keys: string; readonly variable: string }
  | { readonly kms: z.output<typeof Kms> };

export interface Sealing {
  readonly current: Place;
  readonly formerly: readonly Place[];
}

/** The section with what its environment variables hold. `variable` throws for one that is not set. */
export function resolveSealing(
  { formerly: older, ...current }: z.output<typeof SealingConfig>,
  variable: (name: string, field: string) => string,
): Sealing {
  const placeOf = (place: z.output<typeof FromFile | typeof FromEnv | typeof FromKms>, field: string): Place =>
    'keyFromEnv' in place ? { keys: variable(place.keyFromEnv, `${field}/keyFromEnv`), variable: place.keyFromEnv } : place;
  return {
    current: placeOf(current, '/sealing'),
    formerly: older.map((place, index) => placeOf(place, `/sealing/formerly/${index}`)),
  };
}

/** The keys that the configuration names: the first one seals, all of them open. Rejects with `config.invalid`. */
export async function loadKeyring({ current, formerly: older }: Sealing, folder: string): Promise<Keyring> {
  const [first, ...rest] = await keysOf(current, folder, { make: true });
  const others = await Promise.all(older.map((place) => keysOf(place, folder, { make: false })));
  return new Keyring([first, ...rest, ...others.flat()]);
}

async function keysOf(
  place: Place,
  folder: string,
  { make }: { make: boolean },
): Promise<readonly [KeyEncryptionKey, ...KeyEncryptionKey[]]> {
  if ('kms' in place) return [new KmsKey(place.kms)];
  if ('keyFile' in place) return loadKeyFile(resolve(folder, place.keyFile), { make });
  return parseKeys(place.keys, `The environment variable ${place.variable}`);
}
