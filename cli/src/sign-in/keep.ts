import { GuichetError } from '@guichet/contract';
import { changeProfile, type Keeper } from '../config/config-file.ts';
import type { Context } from '../context.ts';
import type { CredentialStore } from './credential-store.ts';
import type { Credentials } from './credentials.ts';
import { type StoreOfProfile, storeOf } from './open-store.ts';

export interface KeepOptions extends StoreOfProfile {
  readonly context: Context;
  readonly keeper: Keeper;
  /** Told when the keychain does not do it. */
  readonly say: (text: string) => void;
}

/** Keeps a sign-in where it should be, or, when the keychain fails, in the file, and says so. Gives the store that has it. */
export async function keep(
  credentials: Credentials,
  { context, keeper, say, ...profile }: KeepOptions,
): Promise<CredentialStore> {
  const file = storeOf(context, 'file', profile);
  if (keeper === 'file') {
    await file.write(credentials);
    return file;
  }
  const keychain = storeOf(context, 'keychain', profile);
  try {
    await keychain.write(credentials);
    await file.remove(); // an earlier one, from when the keychain did not work
    return keychain;
  } catch (error) {
    if (!(error instanceof GuichetError)) throw error;
    await file.write(credentials);
    say(`${error.message} The sign-in is kept in ${file.place}, which only you can read.`);
    return file;
  }
}

/** Notes in the profile who keeps its sign-in by now. */
export async function noteKeeper({ configPath, profile }: StoreOfProfile, keeper: Keeper, gateway: string): Promise<void> {
  await changeProfile(configPath, profile, (before) => ({ ...before, gateway: before?.gateway ?? gateway, keeper }));
}
