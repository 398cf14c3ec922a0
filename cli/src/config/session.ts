import { join } from 'node:path';
import { GuichetError } from '@guichet/contract';
import type { Context } from '../context.ts';
import { didYouMean } from '../suggest.ts';
import { configPath, type Keeper, type Proof, readConfig } from './config-file.ts';

/** Which gateway is called, and as whom. */
export interface Session {
  readonly profile: string | undefined;
  readonly gateway: string;
  /** A token that somebody made for this; undefined for a sign-in. */
  readonly token: string | undefined;
  /** Of a sign-in: who keeps its tokens. */
  readonly keeper: Keeper | undefined;
  /** Of a token that was exchanged: what proved it, and when it ends. */
  readonly proof: Proof | undefined;
  readonly expiresAt: string | undefined;
  /** The file of profiles, beside which a sign-in is kept. */
  readonly configPath: string;
  readonly principal: string | undefined;
  /** Folder of what is remembered for this gateway and caller. */
  readonly cache: string;
}

/**
 * `--profile`, else $GUICHET_PROFILE, else the current profile; $GUICHET_URL and $GUICHET_TOKEN come before what it says.
 * Throws `config.invalid` when no gateway is known, `usage.invalid` for a profile that does not exist.
 */
export function openSession(context: Context, profileFlag?: string): Session {
  const { env } = context;
  const path = configPath(context);
  const config = readConfig(path);
  const name = profileFlag ?? (env['GUICHET_PROFILE'] || config.current);
  const profile = name === undefined ? undefined : config.profiles[name];
  const asked = profileFlag !== undefined || Boolean(env['GUICHET_PROFILE']);
  if (profile === undefined && name !== undefined && asked)
    throw new GuichetError('usage.invalid', `There is no profile '${name}' in ${path}.`, {
      remedy: didYouMean(name, Object.keys(config.profiles)) ?? 'guichet login makes one.',
    });
  const gateway = env['GUICHET_URL'] || profile?.gateway;
  if (gateway === undefined)
    throw new GuichetError('config.invalid', 'No gateway is configured.', {
      remedy: 'Run: guichet login --url URL (or set GUICHET_URL and GUICHET_TOKEN).',
    });
  const known = profile !== undefined && sameAddress(gateway, profile.gateway);
  // A token goes only to the gateway that it was given for.
  const token = env['GUICHET_TOKEN'] || (known ? profile.token : undefined);
  const principal = env['GUICHET_TOKEN'] || !known ? undefined : profile.principal;
  const keeper = token === undefined && known ? profile.keeper : undefined;
  const { proof, expiresAt } = token !== undefined && token === profile?.token ? profile : {};
  const cache = cacheFolder(context, `${gateway}\n${principal ?? token ?? ''}`);
  return { profile: name, gateway, token, keeper, proof, expiresAt, configPath: path, principal, cache };
}

/** `token.missing`, with what to run. */
export function notSignedIn({ gateway, profile }: Session): GuichetError {
  return new GuichetError('token.missing', `You are not signed in at ${gateway}.`, {
    remedy: `Run: ${loginCommand({ gateway, profile })}`,
  });
}

/** The command that signs a profile in. */
export function loginCommand({ gateway, profile }: Pick<Session, 'gateway' | 'profile'>): string {
  return profile === undefined ? `guichet login --url ${gateway}` : `guichet login --profile ${profile}`;
}

export function cacheHome({ env, home }: Pick<Context, 'env' | 'home'>): string {
  return join(env['XDG_CACHE_HOME'] || join(home, '.cache'), 'guichet');
}

function cacheFolder(context: Context, key: string): string {
  return join(cacheHome(context), hash53(key));
}

export function sameAddress(a: string, b: string): boolean {
  return a.replace(/\/+$/, '') === b.replace(/\/+$/, '');
}

/**
 * 53 bits of hash (cyrb53) as hex. It only names a folder; node:crypto would cost five milliseconds of start-up, and of a
 * token's 256 random bits these tell nothing that helps.
 */
function hash53(text: string): string {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return (4294967296 * (2097151 & low) + (high >>> 0)).toString(16).padStart(14, '0');
}
