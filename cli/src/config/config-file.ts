import { chmodSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { GuichetError } from '@guichet/contract';
import type { Context } from '../context.ts';

export interface Profile {
  readonly gateway: string;
  readonly token?: string | undefined;
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
 * tokens, and one that is not what `writeConfig` writes.
 */
export function readConfig(path: string): ConfigFile {
  let text: string;
  try {
    const { mode } = statSync(path);
    if (process.platform !== 'win32' && (mode & 0o077) !== 0)
      throw new GuichetError('config.invalid', `${path} holds tokens, and others can read it.`, {
        remedy: `Run: chmod 600 ${path}`,
      });
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof GuichetError) throw error;
    if (isMissing(error)) return { profiles: {} };
    throw new GuichetError('config.invalid', `${path} cannot be read: ${error instanceof Error ? error.message : error}.`, {
      cause: error,
    });
  }
  return parseConfig(text, path);
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
    read[name] = { gateway: profile['gateway'], token: textOf(profile['token']), principal: textOf(profile['principal']) };
  }
  return { current: textOf(value['current']), profiles: read };
}

/** Writes the file whole, readable by its owner alone, or leaves it as it was. */
export function writeConfig(path: string, config: ConfigFile): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}.new`;
  writeFileSync(draft, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
  chmodSync(draft, 0o600); // the mode above gives way to a draft left behind
  renameSync(draft, path);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
