import type { Estate } from '../estate.ts';
import type { Leases } from '../lease/leases.ts';
import type { QueryMask } from '../query-mask.ts';
import type { ReplicaMakers } from '../replica/maker.ts';

/** What every action works with. */
export interface Workplace {
  readonly estate: Estate;
  /** Loaded once, when it is first needed: it is a WebAssembly module of 1.7 MB. */
  readonly mask: () => Promise<QueryMask>;
  /** So long a session may take to heed a signal, in seconds. */
  readonly watchSeconds: number;
  readonly replicaMakers: ReplicaMakers;
  readonly leases: Leases;
}
