import { z } from 'zod';

const Roles = z.array(z.string().min(1).max(63)).min(1);

const Rules = z.strictObject({
  read: Roles.describe('Roles whose rights a lease to read has'),
  write: Roles.describe('Roles whose rights a lease to write has'),
  databases: z.array(z.string().min(1).max(63)).min(1).optional().describe('Only these databases; all when absent'),
  connections: z.int().min(1).max(10_000).describe('Most connections of one lease at a time'),
  idleSeconds: z.int().min(1).max(86_400).describe('A session that does nothing for so long is ended'),
  idleInTransactionSeconds: z.int().min(1).max(86_400).describe('The same inside a transaction, which holds others up'),
  statementSeconds: z.int().min(0).max(86_400).describe('What statement_timeout a session begins with; 0: none'),
  reassignTo: z
    .string()
    .min(1)
    .max(63)
    .describe('The role that is given what a lease leaves behind; made, without any right, when it is not there'),
});

const Override = Rules.partial().extend({
  primary: z.string().min(1).max(63).optional().describe('Of a replica: the instance on which its roles are made'),
});

/** The section `connect` of the configuration. */
export const ConnectConfig = Rules.extend({
  read: Roles.default(['pg_read_all_data']),
  write: Roles.default(['pg_read_all_data', 'pg_write_all_data']),
  connections: Rules.shape.connections.default(20),
  idleSeconds: Rules.shape.idleSeconds.default(1800),
  idleInTransactionSeconds: Rules.shape.idleInTransactionSeconds.default(300),
  statementSeconds: Rules.shape.statementSeconds.default(0),
  reassignTo: Rules.shape.reassignTo.default('guichet_left_behind'),
  instances: z.record(z.string().min(1), Override).default({}).describe('By name of an instance: what is otherwise there'),
});

export type ConnectSettings = z.output<typeof ConnectConfig>;
export type ConnectRules = z.output<typeof Rules> & { readonly primary: string | undefined };

/** What holds for leases on the instance of that name. */
export function rulesFor({ instances, ...rules }: ConnectSettings, name: string): ConnectRules {
  const own: z.output<typeof Override> = (Object.hasOwn(instances, name) ? instances[name] : undefined) ?? {};
  return {
    read: own.read ?? rules.read,
    write: own.write ?? rules.write,
    databases: own.databases ?? rules.databases,
    connections: own.connections ?? rules.connections,
    idleSeconds: own.idleSeconds ?? rules.idleSeconds,
    idleInTransactionSeconds: own.idleInTransactionSeconds ?? rules.idleInTransactionSeconds,
    statementSeconds: own.statementSeconds ?? rules.statementSeconds,
    reassignTo: own.reassignTo ?? rules.reassignTo,
    primary: own.primary,
  };
}
