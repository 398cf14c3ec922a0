import pg from 'pg';

/** A name as SQL takes it, in quotes where it needs them: for statements that people are told to run. */
export function quotedName(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : pg.escapeIdentifier(name);
}
