import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { METRICS, type MetricName } from './metric-table.ts';
import { type CallOfProvider, ProviderFigures } from './provider-figures.ts';
import { type Reading, SharedGauges } from './shared-gauges.ts';

/** More actions than this are one: a label must not grow without end. */
const MOST_ACTIONS = 500;

/** What is looked at when somebody scrapes. */
export interface Watched {
  readonly version: string;
  readonly draining: AbortSignal;
  readonly pool: { readonly totalCount: number; readonly idleCount: number; readonly waitingCount: number };
  readonly poolSize: number;
  readonly worker: { readonly size: number };
  readonly workerSlots: number;
  readonly providers: () => readonly { readonly name: string; readonly up: boolean }[];
  /** Of the replica that seals; empty on others. */
  readonly headsLate: () => readonly { readonly destination: string; readonly seconds: number }[];
  /** What the check of the audit log has seen here. */
  readonly logCheck: () => { readonly events: number; readonly findings: readonly unknown[] };
  readonly shared: readonly Reading[];
  /** Those that are open, and the bytes of all that ever were. */
  readonly tunnels: () => { readonly tunnels: number; readonly holds: number; readonly received: number; readonly sent: number };
}

/** `stream`: of events; `tunnel`: it becomes a WebSocket, and is counted by whoever carries it. */
type CallKind = 'call' | 'stream' | 'tunnel';

interface EndedCall {
  readonly kind: CallKind;
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
}

/** What the gateway tells about itself, in the Prometheus format: the metrics of METRICS, and those of the process. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #counters = new Map<MetricName, Counter>();
  readonly #gauges = new Map<MetricName, Gauge>();
  readonly #histograms = new Map<MetricName, Histogram>();
  readonly #actions = new Set<string>();
  readonly #told = { in: 0, out: 0 };
  /** The last minutes of calls of providers, for people who look. */
  readonly providerFigures = new ProviderFigures();
  #watched: Watched | undefined;
  #shared: SharedGauges | undefined;

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
    const registers = [this.#registry];
    for (const [name, metric] of Object.entries(METRICS) as [MetricName, (typeof METRICS)[MetricName]][]) {
      const options = { name, help: metric.help, labelNames: [...metric.labels], registers };
      if (metric.type === 'counter') this.#counters.set(name, new Counter(options));
      else if (metric.type === 'gauge') this.#gauges.set(name, new Gauge(options));
      else this.#histograms.set(name, new Histogram({ ...options, buckets: [...metric.buckets] }));
    }
  }

  /** What there is to look at, known once the gateway is built. */
  watch(watched: Watched): void {
    this.#watched = watched;
    this.#shared = new SharedGauges(watched.shared);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  get names(): string[] {
    return this.#registry.getMetricsAsArray().map(({ name }) => name);
  }

  async text(): Promise<string> {
    if (this.#watched !== undefined) this.#look(this.#watched);
    await this.#lookAtShared();
    return this.#registry.metrics();
  }

  callBegan(kind: CallKind): void {
    if (kind === 'tunnel') return;
    this.#gauge(kind === 'call' ? 'http_requests_in_flight' : 'guichet_event_streams').inc();
  }

  callEnded({ kind, method, route, status, seconds }: EndedCall): void {
    if (kind !== 'tunnel') this.#gauge(kind === 'call' ? 'http_requests_in_flight' : 'guichet_event_streams').dec();
    this.#counter('http_requests_total').inc({ method, route, status });
    if (kind === 'call') this.#histogram('http_request_duration_seconds').observe({ method, route, status }, seconds);
  }

  runClaimed({ waitedSeconds }: { waitedSeconds: number }): void {
    this.#histogram('guichet_run_wait_seconds').observe(Math.max(0, waitedSeconds));
  }

  runEnded({ action, provider, result, seconds }: { action: string; provider: string; result: string; seconds: number }): void {
    this.#counter('guichet_runs_total').inc({ action: this.#bounded(action), result });
    this.#histogram('guichet_run_duration_seconds').observe({ provider, result }, Math.max(0, seconds));
  }

  providerCalled({ outcome, seconds, ...labels }: CallOfProvider): void {
    this.#counter('guichet_provider_calls_total').inc({ ...labels, outcome });
    this.#histogram('guichet_provider_call_duration_seconds').observe(labels, seconds);
    this.providerFigures.add({ outcome, seconds, ...labels });
  }

  receiptJudged({ provider, verdict }: { provider: string; verdict: string }): void {
    this.#counter('guichet_receipts_total').inc({ provider, verdict });
  }

  #look({ version, draining, pool, poolSize, worker, workerSlots, providers, headsLate, logCheck, tunnels }: Watched): void {
    const { events, findings } = logCheck();
    this.#gauge('guichet_audit_verified_events').set(events);
    this.#gauge('guichet_audit_findings').set(findings.length);
    const carried = tunnels();
    this.#gauge('guichet_tunnels').set({ kind: 'data' }, carried.tunnels);
    this.#gauge('guichet_tunnels').set({ kind: 'hold' }, carried.holds);
    this.#carried('in', carried.received);
    this.#carried('out', carried.sent);
    this.#gauge('guichet_build_info').set({ version }, 1);
    this.#gauge('guichet_draining').set(draining.aborted ? 1 : 0);
    this.#gauge('guichet_db_pool_connections').set({ state: 'in_use' }, pool.totalCount - pool.idleCount);
    this.#gauge('guichet_db_pool_connections').set({ state: 'idle' }, pool.idleCount);
    this.#gauge('guichet_db_pool_max').set(poolSize);
    this.#gauge('guichet_db_pool_waiting').set(pool.waitingCount);
    this.#gauge('guichet_worker_slots').set(workerSlots);
    this.#gauge('guichet_runs_running').set(worker.size);
    for (const { name, up } of providers()) this.#gauge('guichet_provider_up').set({ provider: name }, up ? 1 : 0);
    this.#gauge('guichet_audit_publish_lag_seconds').reset();
    for (const { destination, seconds } of headsLate())
      this.#gauge('guichet_audit_publish_lag_seconds').set({ destination }, seconds);
  }

  /** The bytes are counted where they flow; here they are added up to what was told before. */
  #carried(direction: 'in' | 'out', bytes: number): void {
    this.#counter('guichet_tunnel_bytes_total').inc({ direction }, Math.max(0, bytes - this.#told[direction]));
    this.#told[direction] = bytes;
  }

  async #lookAtShared(): Promise<void> {
    const samples = await this.#shared?.current();
    this.#gauge('guichet_database_up').set(samples === undefined ? 0 : 1);
    for (const [name, { scope, labels }] of Object.entries(METRICS) as [MetricName, (typeof METRICS)[MetricName]][]) {
      if (scope !== 'shared') continue;
      this.#gauge(name).reset();
      if (labels.length === 0) this.#gauge(name).remove(); // which a reset would leave as a 0 that nobody measured
    }
    for (const { name, labels = {}, value } of samples ?? []) this.#gauge(name).set(labels, value);
  }

  #bounded(action: string): string {
    if (this.#actions.size < MOST_ACTIONS) this.#actions.add(action);
    return this.#actions.has(action) ? action : 'other';
  }

  // The constructor has made each of the table; asking for a kind that it is not is a mistake that the first use shows.
  #counter(name: MetricName): Counter {
    return known(this.#counters, name);
  }

  #gauge(name: MetricName): Gauge {
    return known(this.#gauges, name);
  }

  #histogram(name: MetricName): Histogram {
    return known(this.#histograms, name);
  }
}

function known<Metric>(metrics: ReadonlyMap<MetricName, Metric>, name: MetricName): Metric {
  const metric = metrics.get(name);
  if (metric === undefined) throw new TypeError(`${name} is another kind of metric`);
  return metric;
}
