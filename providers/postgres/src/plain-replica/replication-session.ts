import pg from 'pg';
import type { InstanceSettings } from '../config.ts';
import { InstanceError, instanceErrorOf } from '../instance-error.ts';
import { clientConfig } from '../login.ts';
import type { LoginSettings } from '../login-config.ts';

/** The replication login of an instance. Throws an InstanceError where the configuration names none. */
export function replicationLogin({ name, owner, replication }: InstanceSettings): LoginSettings {
  if (replication !== undefined) return replication;
  throw new InstanceError(`The instance '${name}' has no replication login in the configuration of the provider.`, {
    remedy: `Ask the team '${owner}' to make one, and name it under instances.${name}.replication (docs/guide/postgres-replicas.md).`,
    passing: false,
  });
}

/**
 * Works over one replication connection, which belongs to no database and takes the commands of the streaming replication
 * protocol. The work may take as long as it does; an abort ends the connection, and with it whatever the server does on it.
 * Rejects with an InstanceError when the instance cannot be reached, lets us not in or is lost; else with what the work does.
 */
export async function replicationSession<Value>(
  settings: InstanceSettings,
  signal: AbortSignal,
  work: (client: pg.Client) => Promise<Value>,
): Promise<Value> {
  const asked = { settings, role: 'replication' as const, login: replicationLogin(settings) };
  signal.throwIfAborted();
  // The driver takes `replication`, its types do not know it.
  const config: pg.ClientConfig & { replication: string } = {
    ...clientConfig(asked),
    replication: 'true',
    statement_timeout: 0,
    lock_timeout: 0,
    query_timeout: 0,
  };
  const client = new pg.Client(config);
  client.on('error', () => {}); // the command that is under way rejects as well
  const cut = () => void client.end().catch(() => {});
  try {
    await client.connect();
    signal.addEventListener('abort', cut);
    return await work(client);
  } catch (error) {
    signal.throwIfAborted();
    throw instanceErrorOf(error, asked) ?? error;
  } finally {
    signal.removeEventListener('abort', cut);
    await client.end().catch(() => {});
  }
}

/** Which cluster answers: a number that initdb draws, the same for all copies. */
export async function systemIdOf(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ systemid: string }>('IDENTIFY_SYSTEM');
  return rows[0]?.systemid ?? '';
}

/** The value of a setting, with its unit. */
export async function settingOf(client: pg.Client, name: string): Promise<string> {
  const { rows } = await client.query<Record<string, string>>(`SHOW ${name}`);
  return rows[0]?.[name] ?? '';
}

/** Makes a physical slot that keeps the WAL from now on. One of that name is ours, from a run that broke off. */
export async function makeSlot(client: pg.Client, slot: string): Promise<void> {
  await dropSlot(client, slot);
  await client.query(`CREATE_REPLICATION_SLOT "${slot}" PHYSICAL RESERVE_WAL`);
}

/** Drops a slot, waiting for who still reads from it; none of that name is as good. */
export async function dropSlot(client: pg.Client, slot: string): Promise<void> {
  try {
    await client.query(`DROP_REPLICATION_SLOT "${slot}" WAIT`);
  } catch (error) {
    if (!(error instanceof pg.DatabaseError && error.code === '42704')) throw error;
  }
}
