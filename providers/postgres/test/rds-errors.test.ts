import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { InstanceError } from '../src/instance-error.ts';
import { rdsErrorOf } from '../src/rds/rds-errors.ts';

/** The errors that the library documents for a call; a new version of it may bring new ones. */
function documented(command: string): string[] {
  const entry = fileURLToPath(import.meta.resolve('@aws-sdk/client-rds'));
  const types = readFileSync(entry.replace(/dist-(?:cjs|es)\/index\.js$/, `dist-types/commands/${command}.d.ts`), 'utf8');
  return [...types.matchAll(/@throws \{@link (\w+)\}/g)]
    .map(([, name = '']) => name)
    .filter((name) => name !== 'RDSServiceException');
}

test.each(['CreateDBInstanceReadReplicaCommand', 'DeleteDBInstanceCommand'])(
  'says every documented error of %s in words, with a remedy',
  (command) => {
    const names = documented(command);
    expect(names.length).toBeGreaterThan(5);
    for (const name of names) {
      const error = rdsErrorOf(Object.assign(new Error('canary'), { name }), 'do it');
      expect(error, name).toBeInstanceOf(InstanceError);
      expect(error).toMatchObject({
        message: expect.stringMatching(/^RDS cannot do it: [^.]+\.$/),
        remedy: expect.stringMatching(/\.$/),
      });
    }
  },
);

test('leaves an error alone that AWS has not answered, for it is a bug', () => {
  const bug = new TypeError('x is not a function');
  expect(rdsErrorOf(bug, 'do it')).toBe(bug);
});
