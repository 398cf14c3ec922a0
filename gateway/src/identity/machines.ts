import type { FieldError } from '@guichet/contract';
import type { Logger } from 'pino';
import type { Directory } from '../catalog/index.ts';
import type { Database } from '../db/index.ts';
import { ExchangedTokens } from './assertions/exchanged-tokens.ts';
import { sweepAssertions } from './assertions/used-assertions.ts';
import { AwsIdentity } from './aws/aws-identity.ts';
import { type AwsSettings, awsFindings } from './aws/config.ts';
import { type Workload, workloadFindings } from './workloads/config.ts';
import { Workloads } from './workloads/workloads.ts';

export interface MachineSettings {
  readonly workloads: readonly Workload[];
  readonly aws?: AwsSettings | undefined;
}

export interface MachinesOptions {
  readonly db: Database;
  readonly directory: Directory;
  readonly settings: MachineSettings;
  /** Paths of the configuration are relative to it. */
  readonly folder: string;
  /** Where callers reach the gateway, without a slash at the end. */
  readonly baseUrl: () => string;
  readonly logger: Logger;
}

/** All by which machines, and people of AWS, prove with another system who they are. */
export interface Machines {
  readonly workloads: Workloads;
  readonly aws: AwsIdentity;
  /** Removes what nobody can use any more. */
  sweep(): Promise<void>;
}

export function machines({ db, directory, settings, folder, baseUrl, logger }: MachinesOptions): Machines {
  const exchanged = new ExchangedTokens({ db, directory, logger });
  return {
    workloads: new Workloads({ workloads: settings.workloads, exchanged, logger, folder }),
    aws: new AwsIdentity({ settings: settings.aws, exchanged, logger, baseUrl }),
    sweep: () => sweepAssertions(db),
  };
}

/** What no field of `identity.workloads` and `identity.aws` says alone. */
export function machineFindings({
  identity: { workloads, aws },
  environments,
}: {
  readonly identity: MachineSettings;
  readonly environments: readonly string[];
}): FieldError[] {
  return [...workloadFindings(workloads, environments), ...awsFindings(aws, environments)];
}
