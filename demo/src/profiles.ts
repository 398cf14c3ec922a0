import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { App } from '@guichet/gateway';

export const PEOPLE = ['nadia', 'amine', 'sven', 'marta'] as const;

/** Gives each person of the demo a token, in the file of profiles that the command line reads. */
export async function writeProfiles(home: string, app: App): Promise<void> {
  const profiles: Record<string, { gateway: string; token: string }> = {};
  for (const person of PEOPLE) {
    const token = await app.tokens.issue({
      name: 'demo',
      principalId: `user:${person}`,
      expiresInDays: 30,
      scope: {},
      createdBy: { id: 'system', name: 'npm start' },
    });
    profiles[person] = { gateway: app.url, token: token.secret };
  }
  const path = join(home, 'cli.json');
  await writeFile(path, `${JSON.stringify({ current: 'nadia', profiles }, null, 2)}\n`, { mode: 0o600 });
  await chmod(path, 0o600);
}
