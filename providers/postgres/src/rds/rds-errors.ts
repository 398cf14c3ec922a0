import { InstanceError } from '../instance-error.ts';

interface Words {
  /** What is so, as the end of a sentence. */
  readonly why: string;
  readonly remedy: string;
  /** Trying again unchanged may help. */
  readonly passing?: boolean;
}

const QUOTAS = 'Ask for a higher quota in the Service Quotas console of AWS, or delete what is not needed.';
const NETWORK = 'Ask who looks after the network of the account; the subnet group of the source says which subnets are meant.';
const ADMINISTRATOR = 'Ask who looks after the AWS account.';
const LATER = 'Try again in some minutes.';

/**
 * What CreateDBInstanceReadReplica, DeleteDBInstance and the calls around them are documented to answer, in words. Codes are
 * without `Fault` and `Exception`, which some carry on the wire and others do not.
 */
const WORDS: Readonly<Record<string, Words>> = {
  CertificateNotFound: { why: 'the certificate authority of the source is not known there any more', remedy: ADMINISTRATOR },
  DBCapacityReservationNotFound: { why: 'there is no such capacity reservation', remedy: ADMINISTRATOR },
  InvalidDBCapacityReservationState: { why: 'the capacity reservation is not ready', remedy: LATER, passing: true },
  DBClusterNotFound: { why: 'the cluster that it belongs to is gone', remedy: 'See postgres instances.' },
  InvalidDBClusterState: { why: 'its cluster is busy with something else', remedy: LATER, passing: true },
  DBInstanceAlreadyExists: {
    why: 'an instance of that name is there already',
    remedy: 'Take another --replica-suffix.',
  },
  DBInstanceNotFound: { why: 'there is no such instance', remedy: 'See postgres instances.' },
  InvalidDBInstanceState: {
    why: 'an instance is busy or not available, or has no automated backups',
    remedy: 'Try again when it is available; postgres instances -o wide shows it.',
    passing: true,
  },
  DBParameterGroupNotFound: { why: 'the parameter group of the source is gone', remedy: ADMINISTRATOR },
  DBSecurityGroupNotFound: { why: 'a security group of the source is gone', remedy: NETWORK },
  DBSubnetGroupDoesNotCoverEnoughAZs: { why: 'its subnet group covers too few availability zones', remedy: NETWORK },
  DBSubnetGroupNotAllowed: { why: 'a replica in the region of its source may not name a subnet group', remedy: NETWORK },
  DBSubnetGroupNotFound: { why: 'its subnet group is gone', remedy: NETWORK },
  InvalidDBSubnetGroup: { why: 'its subnet group is of another network than that of other replicas', remedy: NETWORK },
  InvalidSubnet: { why: 'a subnet is not valid, or the subnets are not all of one network', remedy: NETWORK },
  InvalidVPCNetworkState: { why: 'its subnet group no longer covers all availability zones', remedy: NETWORK },
  NetworkTypeNotSupported: { why: 'its network does not support the network type of the source', remedy: NETWORK },
  DomainNotFound: { why: 'the directory domain of the source is not known', remedy: ADMINISTRATOR },
  InstanceQuotaExceeded: { why: 'the account has as many instances as it may', remedy: QUOTAS },
  StorageQuotaExceeded: { why: 'the account has as much storage as it may', remedy: QUOTAS },
  SnapshotQuotaExceeded: { why: 'the account has as many snapshots as it may', remedy: QUOTAS },
  TenantDatabaseQuotaExceeded: { why: 'the account has as many tenant databases as it may', remedy: QUOTAS },
  DBInstanceAutomatedBackupQuotaExceeded: { why: 'the account keeps as many automated backups as it may', remedy: QUOTAS },
  DBSnapshotAlreadyExists: { why: 'a snapshot of that name is there already', remedy: ADMINISTRATOR },
  InsufficientDBInstanceCapacity: {
    why: 'AWS has no machine of that class free there now',
    remedy: 'Take another --instance-type, or try again later.',
    passing: true,
  },
  ProvisionedIopsNotAvailableInAZ: {
    why: 'provisioned IOPS, which the source has, are not offered in that availability zone',
    remedy: ADMINISTRATOR,
  },
  StorageTypeNotSupported: {
    why: 'that class does not take the storage type of the source',
    remedy: 'Take another --instance-type; leave it out for the class of the source.',
  },
  KMSKeyNotAccessible: {
    why: 'the key that encrypts the storage of the source may not be used, or is disabled',
    remedy: 'Ask who looks after the KMS key to let the role of the provider use it.',
  },
  OptionGroupNotFound: { why: 'the option group of the source is gone', remedy: ADMINISTRATOR },
  VpcEncryptionControlViolation: {
    why: 'the network demands encryption in transit, which that class does not have',
    remedy: 'Take an --instance-type on the Nitro system (from the fifth generation on).',
  },
  InvalidParameterCombination: { why: 'AWS does not take that combination', remedy: ADMINISTRATOR },
  InvalidParameterValue: { why: 'AWS does not take one of the values', remedy: ADMINISTRATOR },
  AccessDenied: {
    why: 'AWS does not allow it to the role of the provider',
    remedy: 'docs/guide/postgres-inventory.md has the IAM policy that it needs.',
  },
  UnauthorizedOperation: {
    why: 'AWS does not allow it to the role of the provider',
    remedy: 'docs/guide/postgres-inventory.md has the IAM policy that it needs.',
  },
  InvalidClientTokenId: { why: 'AWS does not know its credentials', remedy: 'Give the provider valid AWS credentials.' },
  SignatureDoesNotMatch: { why: 'its AWS secret is wrong', remedy: 'Give the provider valid AWS credentials.' },
  CredentialsProviderError: {
    why: 'the provider has no AWS credentials',
    remedy: 'Give it some in a way that AWS tools know: a role, environment variables, or a profile.',
  },
  ExpiredToken: { why: 'its AWS credentials have expired', remedy: 'Renew them; a role renews them by itself.', passing: true },
  Throttling: { why: 'AWS takes no more calls at this rate', remedy: LATER, passing: true },
  ThrottlingException: { why: 'AWS takes no more calls at this rate', remedy: LATER, passing: true },
  RequestLimitExceeded: { why: 'AWS takes no more calls at this rate', remedy: LATER, passing: true },
  ServiceUnavailable: { why: 'RDS is not available at this moment', remedy: LATER, passing: true },
  InternalFailure: { why: 'RDS failed to answer', remedy: LATER, passing: true },
};

/** Of the connection, or of the SDK's own limits: nothing was answered. */
const NO_ANSWER =
  /^(?:ECONNREFUSED|ECONNRESET|EPIPE|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|TimeoutError|AbortError)$/;

/** The code of an error of the SDK, without the endings that are not on the wire everywhere. */
export function rdsCodeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  return error.name.replace(/(?:Fault|Exception)$/, '');
}

/** An error of the SDK in words; `what` says what was tried (`make the replica 'pg1-flow'`). Bugs of ours stay as they are. */
export function rdsErrorOf(error: unknown, what: string): unknown {
  if (!(error instanceof Error) || error instanceof InstanceError) return error;
  const words = WORDS[rdsCodeOf(error)] ?? WORDS[error.name] ?? wordsOfOthers(error);
  if (words === undefined) return error;
  const { why, remedy, passing = false } = words;
  return new InstanceError(`RDS cannot ${what}: ${why}.`, { remedy, passing, cause: error });
}

function wordsOfOthers(error: Error): Words | undefined {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  if (NO_ANSWER.test(code)) return { why: 'there was no answer', remedy: LATER, passing: true };
  const status = statusOf(error);
  if (status === undefined) return undefined;
  if (status >= 500) return { why: `RDS failed to answer (${error.name})`, remedy: LATER, passing: true };
  return { why: `AWS answers ${error.name}`, remedy: ADMINISTRATOR };
}

/** True when an order may have been taken although it came to this: no answer, or one that says that RDS has failed. */
export function mayBeTaken(error: unknown): boolean {
  if (!(error instanceof InstanceError) || !error.passing || !(error.cause instanceof Error)) return false;
  const status = statusOf(error.cause);
  return status === undefined || status >= 500;
}

/** The status of the answer; undefined when there was none. */
function statusOf(error: Error): number | undefined {
  const metadata = '$metadata' in error ? error.$metadata : undefined;
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return undefined;
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined;
}
