import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One step of the life of a replica: it is so for that many looks. */
export interface Stage {
  readonly status: string;
  readonly looks: number;
  /** What is reported of its replication; nothing when absent. */
  readonly replication?: string;
  readonly normal?: boolean;
}

/** As RDS does it: `available` once it replicates, which is so while its first backup is still taken. */
export const USUAL: readonly Stage[] = [
  { status: 'creating', looks: 2 },
  { status: 'modifying', looks: 1 },
  { status: 'backing-up', looks: 1 },
  { status: 'backing-up', looks: 1, replication: 'replicating' },
  { status: 'available', looks: Number.POSITIVE_INFINITY, replication: 'replicating' },
];

export interface FakeInstance {
  readonly name: string;
  readonly resourceId: string;
  engine: string;
  version: string;
  instanceClass: string;
  storageGb: number;
  retention: number;
  multiAz: boolean;
  protected: boolean;
  cluster: string | undefined;
  replicaOf: string | undefined;
  tags: Record<string, string>;
  securityGroups: string[];
  address: { host: string; port: number };
  /** Looks for which it is not shown at all. */
  hidden: number;
  stages: Stage[];
  /** Looks that it still shows up as `deleting`; undefined when it is not being deleted. */
  leaving: number | undefined;
}

export interface Fault {
  readonly action: string;
  readonly code: string;
  readonly status?: number;
  /** How often; once when absent. */
  times?: number;
  /** The call has its effect, but its answer is lost. */
  readonly afterwards?: boolean;
}

export interface RdsServer extends AsyncDisposable {
  readonly url: string;
  readonly instances: Map<string, FakeInstance>;
  readonly calls: { readonly action: string; readonly parameters: Readonly<Record<string, string>> }[];
  readonly faults: Fault[];
  quotas: Record<string, { used: number; max: number }>;
  offers: string[];
  /** Of replicas to come. */
  stages: readonly Stage[];
  hidden: number;
  add(name: string, more?: Partial<FakeInstance>): FakeInstance;
  callsOf(action: string): Readonly<Record<string, string>>[];
}

const PAGE = 3;
const NAMESPACE = 'http://rds.amazonaws.com/doc/2014-10-31/';

class Refusal extends Error {
  readonly code: string;
  readonly status: number;
  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/**
 * A small server that speaks the query protocol of RDS, for the real SDK: instances that go through the real statuses, one look
 * after another, that are not shown at once, and calls that are throttled, refused or cut off when a test says so.
 */
export async function startRdsServer({ host, port }: { host: string; port: number }): Promise<RdsServer> {
  const server = createServer((request, response) => void answer(request, response));
  const rds: RdsServer = {
    url: '',
    instances: new Map(),
    calls: [],
    faults: [],
    quotas: { DBInstances: { used: 3, max: 40 }, AllocatedStorage: { used: 300, max: 100_000 } },
    offers: ['db.t4g.medium', 'db.r5.large', 'db.r5.2xlarge', 'db.m5.large'],
    stages: USUAL,
    hidden: 0,
    add(name, more = {}) {
      const instance: FakeInstance = {
        name,
        resourceId: `db-${randomUUID()}`,
        engine: 'postgres',
        version: '16.4',
        instanceClass: 'db.r5.large',
        storageGb: 100,
        retention: 7,
        multiAz: true,
        protected: false,
        cluster: undefined,
        replicaOf: undefined,
        tags: { team: 'payments', env: 'production' },
        securityGroups: ['sg-1'],
        address: { host, port },
        hidden: 0,
        stages: [{ status: 'available', looks: Number.POSITIVE_INFINITY }],
        leaving: undefined,
        ...more,
      };
      rds.instances.set(name, instance);
      return instance;
    },
    callsOf: (action) => rds.calls.filter((call) => call.action === action).map(({ parameters }) => parameters),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const parameters = Object.fromEntries(new URLSearchParams(body));
    const action = parameters['Action'] ?? '';
    rds.calls.push({ action, parameters });
    const fault = rds.faults.find((candidate) => candidate.action === action && candidate.times !== 0);
    if (fault !== undefined) fault.times = (fault.times ?? 1) - 1;
    try {
      if (fault !== undefined && fault.afterwards !== true) throw new Refusal(fault.code, 'so the test says', fault.status);
      const result = resultOf(rds, action, parameters);
      if (fault !== undefined) return void request.socket.destroy();
      const xml = `<${action}Response xmlns="${NAMESPACE}"><${action}Result>${result}</${action}Result><ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata></${action}Response>`;
      response.writeHead(200, { 'content-type': 'text/xml' }).end(xml);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { code, message, status } = error;
      const xml = `<ErrorResponse xmlns="${NAMESPACE}"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>${randomUUID()}</RequestId></ErrorResponse>`;
      response.writeHead(status, { 'content-type': 'text/xml' }).end(xml);
    }
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A server on a TCP port has an address of this shape.
  const { port: bound } = server.address() as AddressInfo;
  return Object.assign(rds, { url: `http://127.0.0.1:${bound}` });
}

type Parameters = Readonly<Record<string, string>>;

function resultOf(rds: RdsServer, action: string, parameters: Parameters): string {
  switch (action) {
    case 'DescribeDBInstances':
      return describe(rds, parameters);
    case 'CreateDBInstanceReadReplica':
      return create(rds, parameters);
    case 'DeleteDBInstance':
      return remove(rds, parameters);
    case 'DescribeAccountAttributes':
      return element(
        'AccountQuotas',
        Object.entries(rds.quotas).map(([name, { used, max }]) =>
          element('AccountQuota', element('AccountQuotaName', name) + element('Used', used) + element('Max', max)),
        ),
      );
    case 'DescribeOrderableDBInstanceOptions': {
      const wanted = parameters['DBInstanceClass'];
      const offers = rds.offers.filter((name) => wanted === undefined || name === wanted);
      return element(
        'OrderableDBInstanceOptions',
        offers.map((name) =>
          element('OrderableDBInstanceOption', element('DBInstanceClass', name) + element('ReadReplicaCapable', true)),
        ),
      );
    }
    default:
      throw new Refusal('InvalidAction', `${action} is not known here`);
  }
}

function describe(rds: RdsServer, parameters: Parameters): string {
  const wanted = parameters['DBInstanceIdentifier'];
  if (wanted !== undefined) {
    const instance = look(rds, wanted);
    if (instance === undefined) throw new Refusal('DBInstanceNotFound', `DBInstance ${wanted} not found.`, 404);
    return element('DBInstances', xmlOf(rds, instance));
  }
  const from = Number(parameters['Marker'] ?? '0');
  const all = [...rds.instances.keys()].sort();
  const page = all.slice(from, from + PAGE).flatMap((name) => look(rds, name) ?? []);
  const marker = from + PAGE < all.length ? element('Marker', from + PAGE) : '';
  return (
    element(
      'DBInstances',
      page.map((instance) => xmlOf(rds, instance)),
    ) + marker
  );
}

/** Each look brings an instance a step on. */
function look(rds: RdsServer, name: string): FakeInstance | undefined {
  const instance = rds.instances.get(name);
  if (instance === undefined) return undefined;
  if (instance.hidden > 0) {
    instance.hidden -= 1;
    return undefined;
  }
  if (instance.leaving !== undefined && instance.leaving-- <= 0) {
    rds.instances.delete(name);
    return undefined;
  }
  const [stage] = instance.stages;
  if (stage !== undefined && stage.looks <= 0) instance.stages.shift();
  const [now] = instance.stages;
  if (now !== undefined) instance.stages[0] = { ...now, looks: now.looks - 1 };
  return instance;
}

function create(rds: RdsServer, parameters: Parameters): string {
  const name = parameters['DBInstanceIdentifier'] ?? '';
  const source = rds.instances.get(parameters['SourceDBInstanceIdentifier'] ?? '');
  if (source === undefined) throw new Refusal('DBInstanceNotFound', 'no such source', 404);
  if (rds.instances.has(name)) throw new Refusal('DBInstanceAlreadyExists', 'DB instance already exists');
  if (source.retention === 0) throw new Refusal('InvalidDBInstanceState', 'Automated backups are not enabled');
  const tags: Record<string, string> = {};
  for (let n = 1; parameters[`Tags.Tag.${n}.Key`] !== undefined; n++) {
    tags[parameters[`Tags.Tag.${n}.Key`] ?? ''] = parameters[`Tags.Tag.${n}.Value`] ?? '';
  }
  const groups: string[] = [];
  for (let n = 1; parameters[`VpcSecurityGroupIds.VpcSecurityGroupId.${n}`] !== undefined; n++) {
    groups.push(parameters[`VpcSecurityGroupIds.VpcSecurityGroupId.${n}`] ?? '');
  }
  const replica = rds.add(name, {
    instanceClass: parameters['DBInstanceClass'] ?? source.instanceClass,
    replicaOf: source.name,
    retention: 0,
    multiAz: false,
    version: source.version,
    tags,
    securityGroups: groups.length > 0 ? groups : ['sg-default'],
    hidden: rds.hidden,
    stages: rds.stages.map((stage) => ({ ...stage })),
  });
  return xmlOf(rds, replica);
}

function remove(rds: RdsServer, parameters: Parameters): string {
  const name = parameters['DBInstanceIdentifier'] ?? '';
  const instance = rds.instances.get(name);
  if (instance === undefined) throw new Refusal('DBInstanceNotFound', `DBInstance ${name} not found.`, 404);
  if (instance.protected) throw new Refusal('InvalidParameterCombination', 'Cannot delete protected DB Instance');
  if (instance.leaving !== undefined) throw new Refusal('InvalidDBInstanceState', 'is already being deleted');
  if (parameters['SkipFinalSnapshot'] !== 'true') throw new Refusal('InvalidParameterCombination', 'FinalDBSnapshotIdentifier');
  instance.leaving = 2;
  return xmlOf(rds, instance);
}

function xmlOf(rds: RdsServer, instance: FakeInstance): string {
  const [stage] = instance.stages;
  const status = instance.leaving === undefined ? (stage?.status ?? 'available') : 'deleting';
  const reported = instance.leaving === undefined ? stage?.replication : undefined;
  const replicas = [...rds.instances.values()].filter(({ replicaOf }) => replicaOf === instance.name);
  const addressed = status !== 'creating' && status !== 'failed';
  return element('DBInstance', [
    element('DBInstanceIdentifier', instance.name),
    element('DbiResourceId', instance.resourceId),
    element('DBInstanceArn', `arn:aws:rds:eu-west-1:123456789012:db:${instance.name}`),
    element('DBInstanceStatus', status),
    element('DBInstanceClass', instance.instanceClass),
    element('Engine', instance.engine),
    element('EngineVersion', instance.version),
    element('AllocatedStorage', instance.storageGb),
    element('StorageType', 'gp3'),
    element('BackupRetentionPeriod', instance.retention),
    element('MultiAZ', instance.multiAz),
    element('PubliclyAccessible', false),
    element('DeletionProtection', instance.protected),
    element('AvailabilityZone', 'eu-west-1a'),
    ...(instance.cluster === undefined ? [] : [element('DBClusterIdentifier', instance.cluster)]),
    ...(instance.replicaOf === undefined ? [] : [element('ReadReplicaSourceDBInstanceIdentifier', instance.replicaOf)]),
    ...(addressed
      ? [element('Endpoint', element('Address', instance.address.host) + element('Port', instance.address.port))]
      : []),
    element(
      'ReadReplicaDBInstanceIdentifiers',
      replicas.map(({ name }) => element('ReadReplicaDBInstanceIdentifier', name)),
    ),
    element(
      'VpcSecurityGroups',
      instance.securityGroups.map((id) =>
        element('VpcSecurityGroupMembership', element('VpcSecurityGroupId', id) + element('Status', 'active')),
      ),
    ),
    element(
      'StatusInfos',
      reported === undefined
        ? []
        : [
            element('DBInstanceStatusInfo', [
              element('StatusType', 'read replication'),
              element('Normal', stage?.normal ?? reported === 'replicating'),
              element('Status', reported),
            ]),
          ],
    ),
    element(
      'TagList',
      Object.entries(instance.tags).map(([key, value]) => element('Tag', element('Key', key) + element('Value', value))),
    ),
  ]);
}

function element(name: string, content: string | number | boolean | readonly string[]): string {
  const inner = typeof content === 'object' ? content.join('') : String(content);
  return `<${name}>${inner}</${name}>`;
}
