import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** What the gateway tells about itself, in the Prometheus format. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #calls: Histogram<'route' | 'method' | 'status'>;

  constructor({ runsRunning }: { runsRunning: () => number }) {
    collectDefaultMetrics({ register: this.#registry });
    this.#calls = new Histogram({
      name: 'http_request_duration_seconds',
      help: 'Time to answer a call, by route, method and status',
      labelNames: ['route', 'method', 'status'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers: [this.#registry],
    });
    new Gauge({
      name: 'guichet_runs_running',
      help: 'Runs that this replica is running now',
      registers: [this.#registry],
      collect() {
        this.set(runsRunning());
      },
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  observeCall({ route, method, status, seconds }: { route: string; method: string; status: number; seconds: number }): void {
    this.#calls.observe({ route, method, status }, seconds);
  }
}
