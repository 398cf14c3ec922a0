import { type FieldError, GuichetError } from '@guichet/contract';
import type { Logger } from 'pino';
import type { Company, Directory } from '../catalog/index.ts';
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

/** Refuses (`config.invalid`) files that cannot be read and machines that the company does not have. */
export function machines({ db, directory, settings, folder, baseUrl, logger }: MachinesOptions): Machines {
  const [unknown] = unknownMachines(settings, directory.company);
  if (unknown !== undefined) {
    const { field, message, remedy } = unknown;
    throw new GuichetError('config.invalid', `The configuration: ${field} ${message}.`, { remedy, errors: [unknown] });
  }
  const exchanged = new ExchangedTokens({ db, directory, logger });
  return {
    workloads: new Workloads({ workloads: settings.workloads, exchanged, logger, folder }),
    aws: new AwsIdentity({ settings: settings.aws, exchanged, logger, baseUrl }),
    sweep: () => sweepAssertions(db),
  };
}

/** Machines that rules are about and that the company does not have. */
export function unknownMachines({ workloads, aws }: MachineSettings, company: Company): FieldError[] {
  const named = [
    ...workloads.flatMap(({ rules }, at) =>
      rules.map(({ machine }, place) => ({ field: `/identity/workloads/${at}/rules/${place}/machine`, machine })),
    ),
    ...(aws?.map ?? []).flatMap((rule, at) =>
      'machine' in rule ? [{ field: `/identity/aws/map/${at}/machine`, machine: rule.machine }] : [],
    ),
  ];
  return named
    .filter(({ machine }) => company.member(`machine:${machine}`) === undefined)
    .map(({ field, machine }) => ({
      field,
      message: `names a machine '${machine}' that is not in the company file`,
      remedy: "Add it there under 'machines', with the team that owns it.",
    }));
}

/** What no field of `identity.workloads` and `identity.aws` says alone. */
export function machineFindings({
  identity: { workloads, aws },
  environments,
  publicUrl,
}: {
  readonly identity: MachineSettings;
  readonly environments: readonly string[];
  readonly publicUrl?: string | undefined;
}): FieldError[] {
  return [...workloadFindings(workloads, environments), ...awsFindings(aws, { environments, publicUrl })];
}
