import { type ProviderLogger, stderrLogger } from '@guichet/sdk';
import type { Estate } from '../estate.ts';
import type { Instance } from '../instance.ts';
import type { ConnectSettings } from './connect-config.ts';
import { endLease, type LeaseProof } from './end-lease.ts';
import { LEASE_TIMES, type LeaseTimes } from './lease.ts';
import { LeaseKeeper } from './lease-keeper.ts';
import { type LeasePlace, placeOf } from './primary.ts';
import { Sweep } from './sweep.ts';

export interface LeasesOptions {
  readonly estate: Estate;
  readonly settings: ConnectSettings;
  readonly times?: LeaseTimes;
  readonly logger?: ProviderLogger;
}

/** The leases of this provider: what keeps them alive, and what ends them. */
export class Leases {
  readonly settings: ConnectSettings;
  readonly times: LeaseTimes;
  readonly keeper: LeaseKeeper;
  readonly sweep: Sweep;
  readonly #estate: Estate;

  constructor({ estate, settings, times = LEASE_TIMES, logger = stderrLogger }: LeasesOptions) {
    this.settings = settings;
    this.times = times;
    this.#estate = estate;
    this.keeper = new LeaseKeeper(times);
    const ended = (primary: Instance, role: string): void => this.keeper.tell(primary, role);
    this.sweep = new Sweep({ estate, settings, times, logger, ended });
  }

  /** Rejects with an InstanceError. */
  place(instance: Instance): Promise<LeasePlace> {
    return placeOf(instance, this.#estate, this.settings);
  }

  /** Ends a lease now; `earlier`: it had ended before, which this process may have seen. Rejects with an InstanceError. */
  async end(
    primary: Instance,
    given: Pick<Parameters<typeof endLease>[0], 'role' | 'why' | 'signal' | 'log'>,
  ): Promise<{ proof: LeaseProof; earlier: boolean }> {
    const proof = await endLease({ ...given, primary, estate: this.#estate, settings: this.settings });
    if (proof === undefined) throw new TypeError('only an end with a grace can find a lease alive');
    this.keeper.tell(primary, given.role);
    if (proof.facts === undefined) {
      const seen = await this.sweep.proofOf(primary, given.role);
      return { proof: seen === undefined ? proof : { ...seen, checkedAt: proof.checkedAt }, earlier: true };
    }
    this.sweep.remember(primary, proof);
    return { proof, earlier: false };
  }

  async close(): Promise<void> {
    this.keeper.close();
    await this.sweep.close();
  }
}
