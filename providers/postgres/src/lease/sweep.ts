import type { ProviderLogger } from '@guichet/sdk';
import type { Estate } from '../estate.ts';
import type { Instance } from '../instance.ts';
import { InstanceError } from '../instance-error.ts';
import type { ConnectSettings } from './connect-config.ts';
import { endLease, type LeaseProof } from './end-lease.ts';
import { findLeases, type Lease } from './find-lease.ts';
import type { LeaseTimes } from './lease.ts';

export interface SweepOptions {
  readonly estate: Estate;
  readonly settings: ConnectSettings;
  readonly times: LeaseTimes;
  readonly logger: ProviderLogger;
  /** Told of each that was ended. */
  readonly ended: (primary: Instance, role: string) => void;
}

const MOST_REMEMBERED = 1000;

/**
 * Ends the leases that nobody keeps alive any more, whoever had made them: a command line, a gateway or a provider that was
 * killed leaves no credential. And goes on with ends that were begun and not finished.
 */
export class Sweep {
  readonly #options: SweepOptions;
  readonly #stopped = new AbortController();
  /** The proofs of what was ended here, for who asks later. */
  readonly #proofs = new Map<string, LeaseProof>();
  /** By instance and role: said once, until it is well again. */
  readonly #troubles = new Map<string, string>();
  /** Under way; they never reject. */
  readonly #ends = new Map<string, Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #turn: Promise<void> = Promise.resolve();

  constructor(options: SweepOptions) {
    this.#options = options;
  }

  start(): void {
    const again = (): void => {
      this.#turn = this.sweep().finally(() => {
        if (!this.#stopped.signal.aborted) this.#timer = setTimeout(again, this.#options.times.renew * 1000).unref();
      });
    };
    again();
  }

  /** One look at every instance that has an admin login. Never rejects. */
  async sweep(): Promise<void> {
    const instances = await this.#options.estate.all().catch(() => []);
    const withAdmin = instances.filter(({ settings }) => settings.admin !== undefined);
    await Promise.all(withAdmin.map((instance) => this.#sweepInstance(instance)));
  }

  /** What is known of the end of a lease that this process has ended, or is about to have ended; or undefined. */
  async proofOf(primary: Instance, role: string): Promise<LeaseProof | undefined> {
    await this.#ends.get(keyOf(primary, role));
    return this.#proofs.get(keyOf(primary, role));
  }

  remember(primary: Instance, proof: LeaseProof): void {
    this.#proofs.set(keyOf(primary, proof.role), proof);
    const [oldest] = this.#proofs.keys();
    if (this.#proofs.size > MOST_REMEMBERED && oldest !== undefined) this.#proofs.delete(oldest);
  }

  async close(): Promise<void> {
    this.#stopped.abort(new Error('the provider stops'));
    clearTimeout(this.#timer);
    await this.#turn;
  }

  async #sweepInstance(primary: Instance): Promise<void> {
    try {
      const leases = await findLeases(primary);
      this.#troubles.delete(keyOf(primary));
      for (const lease of leases) {
        if (isStale(lease, this.#options.times)) {
          const key = keyOf(primary, lease.role);
          const end = this.#end(primary, lease).finally(() => this.#ends.delete(key));
          this.#ends.set(key, end);
          await end;
        }
      }
    } catch (error) {
      this.#tell(primary, error);
    }
  }

  async #end(primary: Instance, { role, facts }: Lease): Promise<void> {
    const { estate, settings, times, logger } = this.#options;
    if (this.#stopped.signal.aborted) return;
    const why = facts.opened ? 'nobody was connected any more' : 'nobody connected';
    try {
      const end = { primary, role, why, estate, settings, signal: this.#stopped.signal };
      const proof = await endLease({ ...end, graceSeconds: times.grace });
      if (proof?.facts === undefined) return; // it lives after all, or another process was faster
      this.#options.ended(primary, role);
      this.remember(primary, proof);
      this.#troubles.delete(keyOf(primary, role));
      logger.info({ proof }, `the lease ${role} on '${primary.name}' has ended`);
    } catch (error) {
      this.#tell(primary, error, role);
    }
  }

  #tell(primary: Instance, error: unknown, role = ''): void {
    if (this.#stopped.signal.aborted) return;
    const message = error instanceof Error ? error.message : String(error);
    const key = keyOf(primary, role);
    if (this.#troubles.get(key) === message) return;
    this.#troubles.set(key, message);
    const known = error instanceof InstanceError ? { remedy: error.remedy } : { err: error };
    this.#options.logger.warn(known, `leases on '${primary.name}' cannot be looked after: ${message}`);
  }
}

function isStale({ facts, overdue }: Lease, { grace }: LeaseTimes): boolean {
  return facts.ending !== undefined || (overdue !== null && overdue >= grace);
}

function keyOf(primary: Instance, role = ''): string {
  return `${primary.settings.environment}/${primary.name}/${role}`;
}
