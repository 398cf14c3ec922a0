import { action, type ProviderAction } from '@guichet/sdk';
import { z } from 'zod';
import { type Role, readRoles } from '../contents/roles.ts';
import { refusing } from '../instance-error.ts';
import { counted } from '../words.ts';
import { InstanceName, instanceOptions } from './instance-field.ts';
import type { Workplace } from './workplace.ts';

const Input = z.strictObject({
  instance: InstanceName,
  like: z.string().min(1).max(63).optional().describe('Only roles whose name contains this'),
  loginOnly: z.boolean().default(false).describe('Only roles that may log in'),
  all: z.boolean().default(false).describe('The roles that come with the server (pg_monitor ...) too'),
});

export function rolesAction(workplace: Workplace): ProviderAction {
  return action('roles', {
    title: 'List the roles',
    description:
      'Users and groups of an instance: what they may, what they are members of, until when, and how many sessions they have. Passwords are not read.',
    kind: 'read',
    risk: 'safe',
    input: Input,
    output: 'table',
    timeoutSeconds: 30,
    examples: [
      { title: 'See the roles of an instance', input: { instance: 'pg1' } },
      { title: 'See who may log in', input: { instance: 'pg1', loginOnly: true } },
    ],
    options: { instance: instanceOptions(workplace) },
    run: ({ input, environment }) =>
      refusing(async () => {
        const instance = await workplace.estate.find(environment, input.instance);
        const roles = await readRoles(instance);
        const found = roles.filter((role) => isWanted(role, input));
        const superusers = found.filter(({ login, attributes }) => login && attributes.includes('superuser'));
        return {
          kind: 'table',
          columns: [
            { key: 'name', title: 'Name', type: 'code' },
            { key: 'login', title: 'Login', type: 'boolean' },
            { key: 'attributes', title: 'Attributes' },
            { key: 'memberOf', title: 'Member of' },
            { key: 'validUntil', title: 'Valid until', type: 'timestamp' },
            { key: 'connections', title: 'Conns', type: 'number' },
            { key: 'connectionLimit', title: 'Conn limit', type: 'number', wide: true },
          ],
          rows: found.map(({ attributes, memberOf, predefined: _, ...role }) => ({
            ...role,
            attributes: attributes.join(', ') || null,
            memberOf: memberOf.join(', ') || null,
          })),
          ...(superusers.length > 0 && {
            notes: [
              `${counted(superusers.length, 'superuser')} may log in: ${superusers.map(({ name }) => `'${name}'`).join(', ')}.`,
            ],
          }),
          empty: `No role of '${instance.name}' is like that.`,
        };
      }),
  });
}

function isWanted({ name, login, predefined }: Role, { like, loginOnly, all }: z.output<typeof Input>): boolean {
  return (all || !predefined) && (!loginOnly || login) && (like === undefined || name.toLowerCase().includes(like.toLowerCase()));
}
