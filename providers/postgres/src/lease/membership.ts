import pg from 'pg';
import type { Instance } from '../instance.ts';

/** To give away and drop what a role owns one must have its rights. On 16 and later a role's maker has not, but may take them. */
export async function becomeMember(primary: Instance, role: string): Promise<void> {
  const options = (await primary.version()) >= 160_000 ? ' with inherit true, set true' : '';
  await primary.admin.ask({
    text: `grant ${pg.escapeIdentifier(role)} to ${pg.escapeIdentifier(primary.admin.user)}${options}`,
  });
}
