import { defineProvider, type Provider, type ProviderLogger } from '@guichet/sdk';
import { activityAction } from './actions/activity.ts';
import { blockingAction } from './actions/blocking.ts';
import { cancelByFingerprintAction } from './actions/cancel-by-fingerprint.ts';
import { cancelQueryAction } from './actions/cancel-query.ts';
import { connectAction } from './actions/connect.ts';
import { createIndexConcurrentlyAction } from './actions/create-index-concurrently.ts';
import { createReadReplicaAction } from './actions/create-read-replica.ts';
import { databasesAction } from './actions/databases.ts';
import { deleteReadReplicaAction } from './actions/delete-read-replica.ts';
import { dropIndexConcurrentlyAction } from './actions/drop-index-concurrently.ts';
import { explainAction } from './actions/explain.ts';
import { explainAnalyzeAction } from './actions/explain-analyze.ts';
import { healthAction } from './actions/health.ts';
import { instancesAction } from './actions/instances.ts';
import { leasesAction } from './actions/leases.ts';
import { revokeLeaseAction } from './actions/revoke-lease.ts';
import { rolesAction } from './actions/roles.ts';
import { runSqlAction } from './actions/run-sql.ts';
import { setStatementTimeoutAction } from './actions/set-statement-timeout.ts';
import { settingsAction } from './actions/settings.ts';
import { slowQueriesAction } from './actions/slow-queries.ts';
import { tablesAction } from './actions/tables.ts';
import { terminateIdleInTransactionAction } from './actions/terminate-idle-in-transaction.ts';
import { terminateSessionAction } from './actions/terminate-session.ts';
import { vacuumAnalyzeAction } from './actions/vacuum-analyze.ts';
import type { Workplace } from './actions/workplace.ts';
import {
  type ConfigSource,
  loadPostgresConfig,
  type PostgresConfigInput,
  type PostgresSettings,
  parsePostgresConfig,
} from './config.ts';
import { Estate } from './estate.ts';
import { catalogueSource } from './inventory/catalogue.ts';
import type { LeaseTimes } from './lease/lease.ts';
import { Leases } from './lease/leases.ts';
import { Keeper } from './plain-replica/keeper.ts';
import { madeHere } from './plain-replica/made-here.ts';
import { PlainMaker } from './plain-replica/plain-maker.ts';
import { Workshop } from './plain-replica/workshop.ts';
import { QueryMask } from './query-mask.ts';
import { RdsApi } from './rds/rds-api.ts';
import { rdsMaker } from './rds/rds-maker.ts';
import { rdsSource } from './rds/rds-source.ts';

export interface PostgresProvider extends Provider {
  /** Ends the connections to every instance, and the replicas that end with the provider. */
  close(): Promise<void>;
}

export interface ProviderOptions {
  /** How leases are kept; for tests that cannot wait. */
  readonly times?: LeaseTimes;
  /** JSON lines on stderr when absent. */
  readonly logger?: ProviderLogger;
}

/**
 * The actions on the instances of the configuration. Those with an admin login are looked after for leases that
 * nobody keeps any more; nothing else is connected to before it is asked for, and an instance that is down does not keep the
 * provider from starting. Throws `config.invalid`, naming the field.
 */
export function createPostgresProvider(
  config: PostgresConfigInput,
  source: Partial<ConfigSource> = {},
  options: ProviderOptions = {},
): PostgresProvider {
  return providerOf(parsePostgresConfig(config, source), options);
}

/** The same of a YAML file; paths in it are relative to its folder. Throws `config.invalid`, naming file and field. */
export function loadPostgresProvider(path: string, env: ConfigSource['env'] = process.env): PostgresProvider {
  return providerOf(loadPostgresConfig(path, env));
}

function providerOf(settings: PostgresSettings, options: ProviderOptions = {}): PostgresProvider {
  const { catalogue, replicas, prices } = settings;
  const accounts = settings.rds.map((region) => ({ settings: region, api: new RdsApi(region) }));
  const estate: Estate = new Estate(settings, [
    ...(catalogue === undefined ? [] : [catalogueSource(catalogue)]),
    ...accounts.map(({ settings: region, api }) => rdsSource(region, api)),
    ...(replicas === undefined
      ? []
      : [
          madeHere(replicas, {
            settingsOf: (environment, name) => estate.settingsOf(environment, name),
            problems: () => keeper?.problems ?? [],
          }),
        ]),
  ]);
  const workshop = replicas && new Workshop(replicas, estate);
  const keeper = workshop && new Keeper(workshop, options.logger);
  keeper?.begin();
  const leases = new Leases({ estate, settings: settings.connect, ...options });
  leases.sweep.start();
  let mask: Promise<QueryMask> | undefined;
  const workplace: Workplace = {
    estate,
    leases,
    replicaMakers: {
      ...(accounts.length > 0 && { rds: rdsMaker({ accounts, estate, prices }) }),
      ...(workshop && { plain: new PlainMaker(workshop) }),
    },
    watchSeconds: settings.watchSeconds,
    mask: () => {
      mask ??= QueryMask.load();
      return mask;
    },
  };
  const provider = defineProvider({
    name: 'postgres',
    title: 'PostgreSQL',
    version: '0.1.0',
    team: settings.team,
    actions: [
      instancesAction(workplace),
      activityAction(workplace),
      blockingAction(workplace),
      slowQueriesAction(workplace),
      explainAction(workplace),
      explainAnalyzeAction(workplace),
      healthAction(workplace),
      cancelQueryAction(workplace),
      cancelByFingerprintAction(workplace),
      terminateSessionAction(workplace),
      terminateIdleInTransactionAction(workplace),
      createReadReplicaAction(workplace),
      deleteReadReplicaAction(workplace),
      connectAction(workplace),
      leasesAction(workplace),
      revokeLeaseAction(workplace),
      databasesAction(workplace),
      rolesAction(workplace),
      tablesAction(workplace),
      settingsAction(workplace),
      runSqlAction(workplace),
      setStatementTimeoutAction(workplace),
      vacuumAnalyzeAction(workplace),
      createIndexConcurrentlyAction(workplace),
      dropIndexConcurrentlyAction(workplace),
    ],
  });
  return {
    ...provider,
    close: async () => {
      await leases.close();
      await keeper?.close();
      await estate.close();
      for (const { api } of accounts) api.close();
    },
  };
}
