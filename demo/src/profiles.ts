import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { App } from '@guichet/gateway';

export const PEOPLE = ['nadia', 'amine', 'sven', 'marta'] as const;

/** The demo's own tokens end so far from now at least, or are made anew. */
const ENOUGH_DAYS = 2;

interface Profiles {
  readonly current: string;
  readonly profiles: Record<string, { readonly gateway: string; readonly token: string }>;
}

/**
 * Gives each person of the demo a token, in the file of profiles that the command line reads. A token of an earlier
 * start is kept while it is good. Returns the path of the file.
 */
export async function writeProfiles(home: string, app: App): Promise<string> {
  const path = join(home, 'cli.json');
  const before = await readProfiles(path);
  const profiles: Record<string, { gateway: string; token: string }> = {};
  for (const person of PEOPLE) {
    const kept = before?.profiles[person]?.token;
    const token = kept !== undefined && (await isGood(app, kept)) ? kept : await issue(app, person);
    profiles[person] = { gateway: app.url, token };
  }
  await writeFile(path, `${JSON.stringify({ current: before?.current ?? 'nadia', profiles }, null, 2)}\n`, { mode: 0o600 });
  await chmod(path, 0o600);
  return path;
}

async function readProfiles(path: string): Promise<Profiles | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Profiles; // written below, or by the command line
  } catch {
    return undefined;
  }
}

async function isGood(app: App, token: string): Promise<boolean> {
  const until = new Date(Date.now() + ENOUGH_DAYS * 86_400_000);
  return app.tokens.verify(token, until).then(
    () => true,
    () => false,
  );
}

async function issue(app: App, person: string): Promise<string> {
  const createdBy = { id: 'system', name: 'npm start' };
  const token = await app.tokens.issue({ name: 'demo', principalId: `user:${person}`, expiresInDays: 30, scope: {}, createdBy });
  return token.secret;
}
