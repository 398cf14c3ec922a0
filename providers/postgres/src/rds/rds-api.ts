import type {
  AccountQuota,
  CreateDBInstanceReadReplicaMessage,
  DBInstance,
  OrderableDBInstanceOption,
  RDSClient,
} from '@aws-sdk/client-rds';
import type { RdsSettings } from '../inventory/config.ts';
import { rdsCodeOf, rdsErrorOf } from './rds-errors.ts';

type Library = typeof import('@aws-sdk/client-rds');

/** Engines whose instances speak PostgreSQL. */
const ENGINES = ['postgres', 'aurora-postgresql'];

const CONNECT_MS = 3000;
const ANSWER_MS = 10_000;
/** The SDK's adaptive mode slows down by itself when AWS says that calls come too fast. */
const ATTEMPTS = 6;

export interface Offer {
  readonly engine: string;
  readonly version: string;
  /** All classes when absent. */
  readonly instanceClass?: string;
}

/**
 * RDS in one region of one account. The AWS library is loaded when it is first asked; credentials are found as AWS tools do.
 * Every method rejects with an InstanceError in words.
 */
export class RdsApi {
  readonly #settings: Pick<RdsSettings, 'region' | 'endpoint' | 'profile'>;
  #client: RDSClient | undefined;
  #closed = false;

  constructor(settings: Pick<RdsSettings, 'region' | 'endpoint' | 'profile'>) {
    this.#settings = settings;
  }

  /** All that speak PostgreSQL. */
  async describeAll(signal: AbortSignal): Promise<DBInstance[]> {
    return this.#ask('list the instances', signal, async (client, { paginateDescribeDBInstances }, abort) => {
      const found: DBInstance[] = [];
      const Filters = [{ Name: 'engine', Values: ENGINES }];
      for await (const page of paginateDescribeDBInstances({ client, pageSize: 100 }, { Filters }, abort)) {
        found.push(...(page.DBInstances ?? []));
      }
      return found.filter(({ Engine }) => ENGINES.includes(Engine ?? ''));
    });
  }

  /** Undefined when there is none of that name. */
  async describe(identifier: string, signal: AbortSignal): Promise<DBInstance | undefined> {
    return this.#ask(`describe '${identifier}'`, signal, async (client, { DescribeDBInstancesCommand }, abort) => {
      try {
        const command = new DescribeDBInstancesCommand({ DBInstanceIdentifier: identifier });
        return (await client.send(command, abort)).DBInstances?.[0];
      } catch (error) {
        if (rdsCodeOf(error) === 'DBInstanceNotFound') return undefined;
        throw error;
      }
    });
  }

  /** Resolves when AWS has taken the order; undefined when an instance of that name is there already. */
  async createReplica(order: CreateDBInstanceReadReplicaMessage, signal: AbortSignal): Promise<DBInstance | undefined> {
    const what = `make the replica '${order.DBInstanceIdentifier}'`;
    return this.#ask(what, signal, async (client, { CreateDBInstanceReadReplicaCommand }, abort) => {
      try {
        return (await client.send(new CreateDBInstanceReadReplicaCommand(order), abort)).DBInstance;
      } catch (error) {
        if (rdsCodeOf(error) === 'DBInstanceAlreadyExists') return undefined;
        throw error;
      }
    });
  }

  /** Resolves when AWS has taken the order; false when there is none of that name. A replica leaves no snapshot. */
  async deleteReplica(identifier: string, signal: AbortSignal): Promise<boolean> {
    return this.#ask(`delete '${identifier}'`, signal, async (client, { DeleteDBInstanceCommand }, abort) => {
      try {
        const order = { DBInstanceIdentifier: identifier, SkipFinalSnapshot: true };
        await client.send(new DeleteDBInstanceCommand(order), abort);
        return true;
      } catch (error) {
        if (rdsCodeOf(error) === 'DBInstanceNotFound') return false;
        throw error;
      }
    });
  }

  /** What the account may have, and has. */
  async quotas(signal: AbortSignal): Promise<AccountQuota[]> {
    return this.#ask('tell the quotas of the account', signal, async (client, { DescribeAccountAttributesCommand }, abort) => {
      return (await client.send(new DescribeAccountAttributesCommand({}), abort)).AccountQuotas ?? [];
    });
  }

  /** The classes of machines on which that version is offered. */
  async offers({ engine, version, instanceClass }: Offer, signal: AbortSignal): Promise<OrderableDBInstanceOption[]> {
    const what = 'tell which classes are offered';
    return this.#ask(what, signal, async (client, { paginateDescribeOrderableDBInstanceOptions }, abort) => {
      const asked = {
        Engine: engine,
        EngineVersion: version,
        ...(instanceClass !== undefined && { DBInstanceClass: instanceClass }),
      };
      const found: OrderableDBInstanceOption[] = [];
      const pages = paginateDescribeOrderableDBInstanceOptions({ client, pageSize: 1000 }, asked, abort);
      for await (const page of pages) found.push(...(page.OrderableDBInstanceOptions ?? []));
      return found;
    });
  }

  /** True once this provider is ending. */
  get closed(): boolean {
    return this.#closed;
  }

  close(): void {
    this.#closed = true;
    this.#client?.destroy();
  }

  async #ask<Answer>(
    what: string,
    signal: AbortSignal,
    call: (client: RDSClient, library: Library, abort: { abortSignal: AbortSignal }) => Promise<Answer>,
  ): Promise<Answer> {
    try {
      const library = await import('@aws-sdk/client-rds');
      const { region, endpoint, profile } = this.#settings;
      this.#client ??= new library.RDSClient({
        region,
        ...(endpoint !== undefined && { endpoint }),
        ...(profile !== undefined && { profile }),
        retryMode: 'adaptive',
        maxAttempts: ATTEMPTS,
        requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: ANSWER_MS },
      });
      return await call(this.#client, library, { abortSignal: signal });
    } catch (error) {
      throw rdsErrorOf(error, what);
    }
  }
}
