import { type Actor, GuichetError } from '@guichet/contract';
import { withKeys } from './app.ts';
import type { Config } from './config.ts';
import { acceptKey } from './receipts/index.ts';
import { rewrapAll } from './sealing/index.ts';

const OPERATOR: Actor = { id: 'system', name: 'operator' };

/** `rotate-grant-key`: what was done, in words. */
export async function rotateGrantKey(
  config: Config,
  { now, revoke }: { now: boolean; revoke: string | undefined },
): Promise<string> {
  if (revoke !== undefined && !now)
    throw new GuichetError('usage.invalid', '--revoke goes with --now: another key has to sign from this moment on.', {
      remedy: `Pass --now --revoke ${revoke}.`,
    });
  return withKeys(config, async ({ keys }) => {
    const kid = await keys.rotate({ by: OPERATOR, now, revoke });
    if (kid === undefined)
      throw new GuichetError('usage.invalid', 'Somebody else has made a new key at the same moment; nothing was done.', {
        remedy: 'Look at GET /v1/keys, and say it again if another one is wanted.',
      });
    const signs = now ? 'It signs from now on.' : `It signs in ${Math.round(config.grants.overlap / 1000)} s.`;
    const gone = revoke === undefined ? '' : ` ${revoke} is published no longer.`;
    return `A new key is published: ${kid}. ${signs}${gone}\n`;
  });
}

/** `accept-provider-key`: what was done, in words. */
export async function acceptProviderKey(
  config: Config,
  { provider, kid, revoke }: { provider: string; kid: string; revoke: string | undefined },
): Promise<string> {
  return withKeys(config, async ({ db }) => {
    await acceptKey(db, { provider, kid, revoke, by: OPERATOR });
    const gone = revoke === undefined ? '' : ` ${revoke} is trusted no longer, for older receipts either.`;
    return `Receipts of provider '${provider}' are taken with the key ${kid} from now on.${gone}\n`;
  });
}

/** `rewrap`: what was done, in words. Rejects when something was left as it was. */
export async function rewrapKeys(config: Config): Promise<string> {
  return withKeys(config, async ({ db, keyring }) => {
    const { count, left } = await rewrapAll({ db, keyring, by: OPERATOR });
    const done = `Sealed anew with ${keyring.current.id}: ${count}.`;
    if (left.length === 0) return `${done} Nothing is sealed with another key.\n`;
    throw new GuichetError('sealing.broken', `${done} Left as they are: ${left.length}.\n  ${left.join('\n  ')}`, {
      remedy: "Give 'sealing.formerly' in the configuration the missing keys, and say it again.",
    });
  });
}
