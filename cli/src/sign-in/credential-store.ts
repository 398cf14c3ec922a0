import { join } from 'node:path';
import { GuichetError } from '@guichet/contract';
import type { Keeper } from '../config/config-file.ts';
import { readPrivate, removePrivate, writePrivate } from '../config/private-file.ts';
import { type Credentials, parseCredentials } from './credentials.ts';
import type { KeychainEntry, OpenKeychain } from './keychain.ts';

/** Where the tokens of one profile are kept. */
export interface CredentialStore {
  readonly keeper: Keeper;
  /** As people are told. */
  readonly place: string;
  /** Undefined when nothing is kept. */
  read(): Promise<Credentials | undefined>;
  /** Has them safe when it resolves. */
  write(credentials: Credentials): Promise<void>;
  remove(): Promise<void>;
}

/** The folder beside the configuration: `config.json` has `config.credentials/`. */
export function credentialFolder(configPath: string): string {
  return `${configPath.replace(/\.json$/, '')}.credentials`;
}

/** A file of one profile, beside the configuration; names are encoded, since a profile may be called anything. */
export function credentialFile(configPath: string, profile: string, ending = 'json'): string {
  return join(credentialFolder(configPath), `${encodeURIComponent(profile)}.${ending}`);
}

export class FileStore implements CredentialStore {
  readonly keeper = 'file';
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  get place(): string {
    return this.#path;
  }

  async read(): Promise<Credentials | undefined> {
    const text = readPrivate(this.#path);
    return text === undefined ? undefined : parseCredentials(text, this.#path);
  }

  async write(credentials: Credentials): Promise<void> {
    writePrivate(this.#path, `${JSON.stringify(credentials)}\n`);
  }

  async remove(): Promise<void> {
    removePrivate(this.#path);
  }
}

/** It may ask its owner to unlock it, who has to find the window first. */
const PATIENCE_MS = 60_000;

export class KeychainStore implements CredentialStore {
  readonly keeper = 'keychain';
  readonly place = 'the keychain of this system';
  readonly #open: () => Promise<KeychainEntry>;

  constructor(open: OpenKeychain, account: string) {
    this.#open = () => open('guichet', account);
  }

  async read(): Promise<Credentials | undefined> {
    const text = await this.#ask('does not open', (entry) => entry.getPassword());
    return text === null ? undefined : parseCredentials(text, this.place);
  }

  async write(credentials: Credentials): Promise<void> {
    const text = JSON.stringify(credentials);
    await this.#ask('does not take the sign-in', (entry) => entry.setPassword(text));
    // Some take everything and keep nothing.
    const kept = await this.#ask('does not open', (entry) => entry.getPassword());
    if (kept !== text) throw trouble('does not give back what it was given');
  }

  async remove(): Promise<void> {
    await this.#ask('does not open', (entry) => entry.deletePassword());
  }

  async #ask<Answer>(problem: string, question: (entry: KeychainEntry) => Promise<Answer>): Promise<Answer> {
    try {
      return await withinPatience(this.#open().then(question));
    } catch (error) {
      throw trouble(`${problem} (${error instanceof Error ? error.message : error})`, error);
    }
  }
}

async function withinPatience<Answer>(answer: Promise<Answer>): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${PATIENCE_MS / 1000} s`)), PATIENCE_MS);
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}

function trouble(what: string, cause?: unknown): GuichetError {
  return new GuichetError('config.invalid', `The keychain of this system ${what}.`, {
    remedy: 'Unlock it and try again, or keep the sign-in in a file: GUICHET_CREDENTIALS=file guichet login.',
    cause,
  });
}
