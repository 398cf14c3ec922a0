const MINUTE_MS = 60_000;
/** So many minutes are kept; one is dropped for each that begins. */
const MINUTES = 15;
/** Times are counted in steps of a tenth: what is said of them is at most a twentieth off, however many there are. */
const STEP = Math.log(1.1);
/** All shorter times are this one. */
const SHORTEST_MS = 0.01;

export type ProviderPhase = 'options' | 'plan' | 'read' | 'run' | 'observe' | 'tunnel';

export interface FiguresOfPhase {
  readonly phase: ProviderPhase;
  readonly calls: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

export interface Figures {
  readonly since: Date;
  readonly calls: number;
  readonly failed: number;
  readonly errors: { readonly code: string; readonly calls: number }[];
  readonly phases: FiguresOfPhase[];
}

class PhaseCount {
  calls = 0;
  failed = 0;
  /** Calls by the step that their time falls into. */
  readonly steps = new Map<number, number>();
}

/** What was counted in one minute, of one provider: as long as there are phases, codes of errors and steps of time, which are few. */
class Slice {
  readonly minute: number;
  readonly phases = new Map<ProviderPhase, PhaseCount>();
  readonly errors = new Map<string, number>();

  constructor(minute: number) {
    this.minute = minute;
  }
}

export interface CallOfProvider {
  readonly provider: string;
  readonly phase: ProviderPhase;
  /** `ok`, or the code of the error. */
  readonly outcome: string;
  readonly seconds: number;
}

/** How calls of providers went in the last minutes, as this gateway saw it. Its memory does not grow with the calls. */
export class ProviderFigures {
  readonly #now: () => number;
  readonly #startedAt: number;
  readonly #slices = new Map<string, Slice[]>();

  constructor(now: () => number = Date.now) {
    this.#now = now;
    this.#startedAt = now();
  }

  add({ provider, phase, outcome, seconds }: CallOfProvider): void {
    const minute = Math.floor(this.#now() / MINUTE_MS);
    const slices = this.#fresh(provider);
    const last = slices.at(-1);
    const slice = last?.minute === minute ? last : new Slice(minute);
    if (slice !== last) this.#slices.set(provider, [...slices, slice]);
    const count = slice.phases.get(phase) ?? new PhaseCount();
    slice.phases.set(phase, count);
    count.calls += 1;
    add(count.steps, stepOf(seconds * 1000), 1);
    if (outcome === 'ok') return;
    count.failed += 1;
    add(slice.errors, outcome, 1);
  }

  of(provider: string): Figures {
    const phases = new Map<ProviderPhase, PhaseCount>();
    const errors = new Map<string, number>();
    for (const slice of this.#fresh(provider)) {
      for (const [code, calls] of slice.errors) add(errors, code, calls);
      for (const [phase, { calls, failed, steps }] of slice.phases) {
        const sum = phases.get(phase) ?? new PhaseCount();
        phases.set(phase, sum);
        sum.calls += calls;
        sum.failed += failed;
        for (const [step, times] of steps) add(sum.steps, step, times);
      }
    }
    const counts = [...phases.values()];
    return {
      since: new Date(Math.max(this.#startedAt, this.#firstMinute() * MINUTE_MS)),
      calls: counts.reduce((sum, { calls }) => sum + calls, 0),
      failed: counts.reduce((sum, { failed }) => sum + failed, 0),
      errors: [...errors].map(([code, calls]) => ({ code, calls })).sort((one, other) => other.calls - one.calls),
      phases: [...phases].map(([phase, { calls, failed, steps }]) => ({
        phase,
        calls,
        failed,
        p50Ms: quantile(steps, calls * 0.5),
        p95Ms: quantile(steps, calls * 0.95),
      })),
    };
  }

  #firstMinute(): number {
    return Math.floor(this.#now() / MINUTE_MS) - MINUTES + 1;
  }

  #fresh(provider: string): Slice[] {
    const first = this.#firstMinute();
    return (this.#slices.get(provider) ?? []).filter(({ minute }) => minute >= first);
  }
}

function add<Key>(counts: Map<Key, number>, key: Key, more: number): void {
  counts.set(key, (counts.get(key) ?? 0) + more);
}

const stepOf = (ms: number): number => Math.ceil(Math.log(Math.max(ms, SHORTEST_MS)) / STEP);

/** The time that so many calls did not exceed: the middle of the step that the last of them falls into, in three digits. */
function quantile(steps: ReadonlyMap<number, number>, calls: number): number {
  let seen = 0;
  let reached = 0;
  for (const [step, times] of [...steps].sort(([one], [other]) => one - other)) {
    seen += times;
    reached = step;
    if (seen >= calls) break;
  }
  return Number(Math.exp((reached - 0.5) * STEP).toPrecision(3));
}
