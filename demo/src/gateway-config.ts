import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { DATABASE, type Instance } from './estate.ts';
import { COMPANY, TEAM_OF_GROUP } from './people.ts';

/** The environment variable with the secret that the gateway and the identity provider share. */
export const CLIENT_SECRET = 'GUICHET_DEMO_CLIENT_SECRET';
export const CLIENT_ID = 'guichet';

/** Of the read replicas that people make; those that are in use are left out. */
const REPLICA_PORTS = [15_400, 15_499];

export interface GatewayConfigOptions {
  readonly home: string;
  readonly port: number;
  /** Of one of several gateways: they share a database, and are reached at one address. */
  readonly replica?: {
    readonly number: number;
    readonly publicUrl: string;
    readonly databaseUrl: string;
    readonly announceMs: number;
  };
  readonly ordersUrl: string;
  /** Of the identity provider. */
  readonly issuer: string;
  readonly instances: readonly Instance[];
}

/** Writes the configuration that the gateway of the demo reads, as a company would write its own. Returns its path. */
export async function writeGatewayConfig(options: GatewayConfigOptions): Promise<string> {
  const { home, port, replica, ordersUrl, issuer, instances } = options;
  const path = join(home, replica === undefined ? 'guichet.yaml' : `guichet-${replica.number}.yaml`);
  const config = {
    ...(replica === undefined
      ? { listen: { port }, database: { embedded: { dataDir: 'gateway-db' } } }
      : {
          listen: { port, announceMs: replica.announceMs },
          publicUrl: replica.publicUrl,
          trustProxy: ['127.0.0.1'],
          database: { url: replica.databaseUrl },
          poolSize: 8,
        }),
    environments: ['production', 'staging'],
    company: COMPANY,
    sealing: { keyFile: 'sealing.key' },
    identity: {
      oidc: {
        issuer,
        clientId: CLIENT_ID,
        clientSecretFromEnv: CLIENT_SECRET,
        scopes: ['openid', 'profile', 'email', 'groups'],
        groups: { claim: 'groups', teams: TEAM_OF_GROUP },
      },
    },
    providers: [
      {
        name: 'postgres',
        module: fileURLToPath(new URL('../../providers/postgres/src/mount.ts', import.meta.url)),
        options: {
          instances: instances.map(toInstanceConfig),
          replicas: { folder: join(home, 'replicas'), ports: REPLICA_PORTS, endWithProvider: true },
        },
      },
      { name: 'orders', url: ordersUrl },
    ],
    logLevel: replica === undefined ? 'warn' : 'info',
  };
  const text = `# Written by npm start; a company writes its own.\n${stringify(config)}`;
  await writeFile(path, text, { mode: 0o600 }); // it holds the passwords of the demo's databases
  await chmod(path, 0o600);
  return path;
}

function toInstanceConfig({ name, environment, owner, server, passwords }: Instance) {
  return {
    name,
    environment,
    owner,
    host: server.host,
    port: server.port,
    databases: [DATABASE],
    observer: { user: 'guichet_observer', password: passwords.observer },
    actor: { user: 'guichet_actor', password: passwords.actor },
    admin: { user: 'guichet_admin', password: passwords.admin },
    reader: { user: 'guichet_reader', password: passwords.reader },
    replication: { user: 'guichet_replication', password: passwords.replication },
  };
}
