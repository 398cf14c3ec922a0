import type { DBInstance } from '@aws-sdk/client-rds';
import type { ReplicaReceipt } from '../replica/maker.ts';

/** Statuses on the way of a replica, in their order. RDS may skip some, and shows others between them. */
export const STAGES: readonly string[] = ['creating', 'modifying', 'backing-up', 'available'];

/** From these no replica comes. */
const FAILED = /^(?:failed|insufficient-capacity|restore-error|incompatible-.*|inaccessible-encryption-credentials.*)$/;
/** From these it comes only when a person does something. */
const STUCK = /^(?:storage-full|stopp(?:ed|ing)|deleting)$/;

const REPLICATION = 'read replication';

export type Replication =
  | { readonly is: 'not reported' | 'replicating' | 'not yet' }
  | { readonly is: 'broken'; readonly why: string };

export function replicationOf({ StatusInfos = [] }: DBInstance): Replication {
  const info = StatusInfos.find(({ StatusType }) => StatusType === REPLICATION);
  if (info === undefined) return { is: 'not reported' };
  const { Status: status = 'unknown', Normal: normal = true, Message: message } = info;
  if (status === 'replicating' && normal) return { is: 'replicating' };
  if (status === 'error' || status === 'terminated') {
    return { is: 'broken', why: message === undefined || message === '' ? status : `${status}: ${message}` };
  }
  return { is: 'not yet' };
}

export type Outlook = 'coming' | 'failed' | 'stuck';

export function outlookOf({ DBInstanceStatus = '' }: DBInstance): Outlook {
  return FAILED.test(DBInstanceStatus) ? 'failed' : STUCK.test(DBInstanceStatus) ? 'stuck' : 'coming';
}

export function addressOf({ Endpoint }: DBInstance): string | undefined {
  return Endpoint?.Address === undefined ? undefined : `${Endpoint.Address}:${Endpoint.Port ?? 5432}`;
}

/** The receipt of a replica that is there. */
export function receiptOf(replica: DBInstance, about: { region: string; source: string; environment: string; notes?: string[] }) {
  const { region, source, environment, notes = [] } = about;
  const name = replica.DBInstanceIdentifier ?? '';
  const address = addressOf(replica);
  const receipt: ReplicaReceipt = {
    kind: 'record',
    summary: `'${name}' replicates '${source}' and can be used${address === undefined ? '' : ` at ${address}`}`,
    fields: [
      { key: 'instance', title: 'Instance', type: 'code', value: name },
      { key: 'source', title: 'Replica of', type: 'code', value: source },
      { key: 'state', title: 'State', type: 'state', value: replica.DBInstanceStatus ?? null },
      { key: 'class', title: 'Class', type: 'code', value: replica.DBInstanceClass ?? null },
      { key: 'address', title: 'Address', type: 'code', value: address ?? null },
      { key: 'region', title: 'Region', value: region },
      { key: 'zone', title: 'Zone', value: replica.AvailabilityZone ?? null },
      { key: 'arn', title: 'ARN', type: 'code', value: replica.DBInstanceArn ?? null },
    ],
    notes: [...notes, `See it: guichet postgres activity --instance ${name} --env ${environment}`],
  };
  return receipt;
}
