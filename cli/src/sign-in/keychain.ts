/** One secret in the keychain of the system, as @napi-rs/keyring has it. */
export interface KeychainEntry {
  getPassword(): Promise<string | null>;
  setPassword(password: string): Promise<void>;
  deletePassword(): Promise<boolean>;
}

/** Opens an entry; throws where there is no keychain. */
export type OpenKeychain = (service: string, account: string) => Promise<KeychainEntry>;

/** The library is an optional one, with a binary for each system: where it is missing there is no keychain. */
export const openSystemKeychain: OpenKeychain = async (service, account) => {
  const { AsyncEntry } = await import('@napi-rs/keyring');
  // On Linux the Secret Service or none: the kernel's own keyring forgets everything at the next start.
  return new AsyncEntry(service, account, { linux: { store: 'secret-service' } });
};

type Env = Readonly<Record<string, string | undefined>>;

/** Whether it is worth asking. On Linux a keychain is reached over the bus of a desktop's session. */
export function mayHaveKeychain(env: Env): boolean {
  if (process.platform === 'darwin' || process.platform === 'win32') return !isRemote(env);
  return Boolean(env['DBUS_SESSION_BUS_ADDRESS']);
}

/** Over SSH the keychain of a Mac or of Windows is locked, and asks on a screen that nobody sees. */
const isRemote = (env: Env): boolean => Boolean(env['SSH_CONNECTION'] || env['SSH_TTY']);
