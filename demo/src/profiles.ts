import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

interface Profile {
  readonly gateway: string;
  readonly principal: string;
  /** Who keeps the tokens, once somebody has signed in. */
  readonly keeper?: string;
}

interface Profiles {
  readonly current?: string;
  readonly profiles: Readonly<Record<string, Profile>>;
}

/**
 * Gives each person of the demo a profile of the command line, without a token: they sign in. Sign-ins of an earlier start
 * are kept. Returns the path of the file.
 */
export async function writeProfiles(home: string, { url, people }: { url: string; people: readonly string[] }): Promise<string> {
  const path = join(home, 'cli.json');
  const before = await readProfiles(path);
  const profiles = { ...before.profiles };
  for (const person of people) {
    const { keeper, gateway } = profiles[person] ?? {};
    const kept = keeper !== undefined && gateway === url ? { keeper } : {};
    profiles[person] = { gateway: url, principal: `user:${person}`, ...kept };
  }
  const current = before.current ?? people[0];
  await writeFile(path, `${JSON.stringify({ current, profiles }, null, 2)}\n`, { mode: 0o600 });
  await chmod(path, 0o600);
  return path;
}

async function readProfiles(path: string): Promise<Profiles> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Profiles; // written above, or by the command line
  } catch {
    return { profiles: {} };
  }
}
