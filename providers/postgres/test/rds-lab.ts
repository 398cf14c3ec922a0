import { type Harness, harness } from '@guichet/sdk/testing';
import { createPostgresProvider, type PostgresConfigInput, type PostgresProvider } from '../src/index.ts';
import { type RdsServer, startRdsServer } from './rds-server.ts';

const login = { user: 'watcher', password: 'canary' };
const credentials = { AWS_ACCESS_KEY_ID: 'AKIATEST', AWS_SECRET_ACCESS_KEY: 'canary', AWS_EC2_METADATA_DISABLED: 'true' };

/** Looks without an end. */
export const STAYS = Number.POSITIVE_INFINITY;
/** Input of create-read-replica that makes `pg1-flow`. */
export const WANTED = { sourceInstance: 'pg1', replicaSuffix: 'flow', instanceType: 'db.r5.2xlarge' };

export interface RdsLab extends AsyncDisposable {
  readonly rds: RdsServer;
  readonly provider: PostgresProvider;
  readonly postgres: Harness;
  /** Another process of the provider, on the same RDS. */
  open(more?: Partial<PostgresConfigInput>): { readonly provider: PostgresProvider; readonly postgres: Harness };
  /** What a plan is refused with: message and remedy. */
  refusal(action: string, input: object): Promise<string>;
}

/** A stand-in for RDS with the primary `pg1`, and a provider on it. No server is at its address, and none is needed. */
export async function openRdsLab(): Promise<RdsLab> {
  Object.assign(process.env, credentials);
  const rds = await startRdsServer({ host: '127.0.0.1', port: 1 });
  rds.add('pg1', { tags: { team: 'payments', env: 'production', cost: 'c-1', 'aws:backup': 'x' } });
  const opened: PostgresProvider[] = [];
  const open = (more: Partial<PostgresConfigInput> = {}) => {
    const provider = createPostgresProvider({
      rds: [
        {
          region: 'eu-west-1',
          endpoint: rds.url,
          tags: { owner: 'team', environment: 'env' },
          logins: { observer: login, actor: login },
          pollSeconds: 0.01,
          refreshSeconds: 3600,
        },
      ],
      ...more,
    });
    opened.push(provider);
    return { provider, postgres: harness(provider) };
  };
  const first = open();
  return {
    rds,
    ...first,
    open,
    async refusal(action, input) {
      const error: unknown = await first.postgres.plan(action, { ...input }).catch((caught: unknown) => caught);
      if (!(error instanceof Error)) throw new Error('it was planned');
      return `${error.message} ${'remedy' in error ? String(error.remedy) : ''}`;
    },
    async [Symbol.asyncDispose]() {
      for (const provider of opened) await provider.close();
      await rds[Symbol.asyncDispose]();
      for (const name of Object.keys(credentials)) delete process.env[name];
    },
  };
}
