import type { SampleCall } from './conformance-client.ts';
import type { GrantKey } from './grants.ts';

export interface ConformanceSubject {
  /** Address of a running provider, e.g. `http://127.0.0.1:4410`. */
  readonly baseUrl: string;
  /** A key that the provider under test was told to trust. */
  readonly key: Pick<GrantKey, 'kid' | 'secret'>;
  /** `staging` when absent. */
  readonly environment?: string;
  readonly read: SampleCall;
  /** A write that may really be run, a few times. */
  readonly write: SampleCall;
  /** A field of an action that offers options. */
  readonly options?: SampleCall & { readonly field: string };
  /** A write with a tunnel, whose holds may be opened though it was not run. */
  readonly tunnel?: SampleCall;
  /** A write that runs until it is told to stop, and a way to learn that its handler was. */
  readonly endless?: SampleCall & { stopped(runId: string): Promise<boolean> };
}

/** One check: `run` rejects with an Error that says what came instead. Hand each to the test runner of your choice. */
export interface ConformanceCheck {
  readonly title: string;
  run(): Promise<void>;
}

export function check(title: string, run: () => Promise<void>): ConformanceCheck {
  return { title, run };
}

export function must(holds: boolean, message: string): void {
  if (!holds) throw new Error(message);
}
