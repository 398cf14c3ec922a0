import { join, normalize } from 'node:path';
import { GuichetError } from '@guichet/contract';
import type { Context } from '../context.ts';
import { withLock } from './lock.ts';
import { readPrivate, writePrivate } from './private-file.ts';

/** Where the tokens of a sign-in are kept: with the system's keychain, or in a file beside the configuration. */
export type Keeper = 'keychain' | 'file';

/** What proves who calls, each time a token is needed: the keys of AWS, or the token of a CI job or a workload. */
export type Proof = 'aws' | 'workload';

export interface Profile {
  readonly gateway: string;
  /** A token that somebody made for this; a sign-in has none here. */
  readonly token?: string | undefined;
  /** Of a sign-in: who keeps its tokens. */
  readonly keeper?: Keeper | undefined;
  /** Of a token that was exchanged: what proved it, and when it ends. */
  readonly proof?: Proof | undefined;
  readonly expiresAt?: string | undefined;
  /** Who the token is of, as the gateway said at login, e.g. `user:nadia`. */
  readonly principal?: string | undefined;
}

export interface ConfigFile {
  readonly current?: string | undefined;
  readonly profiles: Readonly<Record<string, Profile>>;
}

/** `$GUICHET_CONFIG`, else `$XDG_CONFIG_HOME/guichet/config.json`, else `~/.config/guichet/config.json`. */
export function configPath({ env, home }: Pick<Context, 'env' | 'home'>): string {
  if (env['GUICHET_CONFIG']) return normalize(env['GUICHET_CONFIG']);
  return join(env['XDG_CONFIG_HOME'] || join(home, '.config'), 'guichet', 'config.json');
}

/**
 * The profiles; none when the file is not there. Refuses (`config.invalid`) a file that others can read, since it holds
 * tokens, and one that is not what `changeConfig` writes.
 */
export function readConfig(path: string): ConfigFile {
  const text = readPrivate(path);
  return text === undefined ? { profiles: {} } : parseConfig(text, path);
}

function parseConfig(text: string, path: string): ConfigFile {
  const broken = (what: string): GuichetError =>
    new GuichetError('config.invalid', `${path} is not a valid configuration: ${what}.`, {
      remedy: 'Correct it, or remove it and run guichet login.',
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw broken('it is not JSON');
  }
  if (!isRecord(value)) throw broken('it is not an object');
  const profiles = value['profiles'] ?? {};
  if (!isRecord(profiles)) throw broken("'profiles' is not an object");
  const read: Record<string, Profile> = {};
  for (const [name, profile] of Object.entries(profiles)) {
    if (!isRecord(profile) || typeof profile['gateway'] !== 'string') throw broken(`the profile '${name}' has no gateway`);
    const keeper = profile['keeper'] === 'keychain' || profile['keeper'] === 'file' ? profile['keeper'] : undefined;
    const proof = profile['proof'] === 'aws' || profile['proof'] === 'workload' ? profile['proof'] : undefined;
    const [token, principal, expiresAt] = [textOf(profile['token']), textOf(profile['principal']), textOf(profile['expiresAt'])];
    read[name] = { gateway: profile['gateway'], token, keeper, principal, proof, expiresAt };
  }
  return { current: textOf(value['current']), profiles: read };
}

/**
 * Writes what `change` makes of the file as it is by now, while no other process does so: two people, or two terminals,
 * who sign in at the same moment both stay signed in. It is safe on the disk when this resolves.
 */
export async function changeConfig(path: string, change: (before: ConfigFile) => ConfigFile): Promise<void> {
  await withLock(`${path}.lock`, async () => writePrivate(path, `${JSON.stringify(change(readConfig(path)), null, 2)}\n`));
}

/** Changes one profile and leaves what else is in the file by now. */
export async function changeProfile(path: string, name: string, change: (before: Profile | undefined) => Profile): Promise<void> {
  await changeConfig(path, (config) => ({
    ...config,
    profiles: { ...config.profiles, [name]: change(config.profiles[name]) },
  }));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
