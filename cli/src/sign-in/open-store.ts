import type { Keeper } from '../config/config-file.ts';
import type { Context } from '../context.ts';
import { type CredentialStore, credentialFile, FileStore, KeychainStore } from './credential-store.ts';
import { mayHaveKeychain, openSystemKeychain } from './keychain.ts';

export interface StoreOfProfile {
  readonly configPath: string;
  readonly profile: string;
}

/** The store that keeps the sign-in of a profile. */
export function storeOf(context: Context, keeper: Keeper, { configPath, profile }: StoreOfProfile): CredentialStore {
  if (keeper === 'file') return new FileStore(credentialFile(configPath, profile));
  return new KeychainStore(context.openKeychain ?? openSystemKeychain, `${profile} (${configPath})`);
}

/** Who should keep a new sign-in: the keychain where there may be one, unless $GUICHET_CREDENTIALS says `file`. */
export function preferredKeeper(context: Context): Keeper {
  const wanted = context.env['GUICHET_CREDENTIALS'];
  if (wanted === 'file') return 'file';
  return wanted === 'keychain' || context.openKeychain !== undefined || mayHaveKeychain(context.env) ? 'keychain' : 'file';
}
