import { randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GuichetError } from '@guichet/contract';
import { z } from 'zod';
import { generateGrantKey } from './grants.ts';
import { announce, publicHalf } from './receipt-signer.ts';

/** What the file holds. */
const KeyFile = z.object({ secret: z.string(), successions: z.array(z.string()).default([]) });
type KeyFile = z.infer<typeof KeyFile>;

const fileIn = (dataDir: string): string => join(dataDir, 'receipt-key.json');

/** Makes a key for receipts: a `k4.secret` PASERK. */
export async function generateReceiptKey(): Promise<string> {
  return (await generateGrantKey('receipts')).secret;
}

/**
 * The key of the data folder; it is made at the first start, readable by the account of the provider alone. Of two
 * processes that start at once both get the same one. Rejects with `config.invalid` when the file cannot be used.
 */
export async function keyInFolder(dataDir: string): Promise<KeyFile> {
  const path = fileIn(dataDir);
  const known = read(path);
  if (known !== undefined) return known;
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const made = temporary(path, { secret: await generateReceiptKey(), successions: [] });
  try {
    linkSync(made, path); // fails where somebody was faster
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    rmSync(made);
  }
  return read(path) ?? broken(path, 'it has vanished');
}

/**
 * Puts a new key in the place of the one in the folder, which announces it. Providers that run go on with the old one
 * until they start again. Gives the id of the new key.
 */
export async function rotateReceiptKey(dataDir: string, provider: string): Promise<{ kid: string }> {
  const { secret: former, successions } = await keyInFolder(dataDir);
  const secret = await generateReceiptKey();
  const file = { secret, successions: [...successions, await announce({ provider, former, secret })] };
  renameSync(temporary(fileIn(dataDir), file), fileIn(dataDir));
  return { kid: publicHalf(secret).kid };
}

function temporary(path: string, file: KeyFile): string {
  const name = `${path}.${randomUUID()}`;
  writeFileSync(name, `${JSON.stringify(file)}\n`, { mode: 0o600, flag: 'wx', flush: true });
  return name;
}

function read(path: string): KeyFile | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    return broken(path, error instanceof Error && 'code' in error ? String(error.code) : 'it cannot be read');
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return broken(path, 'it is not JSON'); // without the cause, which quotes the text
  }
  const file = KeyFile.safeParse(json);
  if (!file.success) return broken(path, 'it does not hold a key');
  publicHalf(file.data.secret);
  return file.data;
}

function broken(path: string, why: string): never {
  throw new GuichetError('config.invalid', `The key for receipts in ${path} cannot be used: ${why}.`, {
    remedy: 'Bring the file back from a backup; or remove it, and let the operator of the gateway accept the new key.',
  });
}
