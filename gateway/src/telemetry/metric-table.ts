/** What a metric is, and of what it tells: of one replica, or of the database that all of them share. */
interface MetricKind {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly scope: 'replica' | 'shared';
  readonly labels: readonly string[];
  readonly help: string;
  readonly buckets?: readonly number[];
}

const HTTP_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const RUN_SECONDS = [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600];
const WAIT_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 15, 60, 300];

/** Every metric of the gateway's own; docs/spec/metrics.md describes the same, and a test compares them. */
export const METRICS = {
  http_requests_total: {
    type: 'counter',
    scope: 'replica',
    labels: ['method', 'route', 'status'],
    help: 'Calls answered, by method, route and status',
  },
  http_request_duration_seconds: {
    type: 'histogram',
    scope: 'replica',
    labels: ['method', 'route', 'status'],
    help: 'Time to answer a call; streams of events are not in it',
    buckets: HTTP_SECONDS,
  },
  http_requests_in_flight: {
    type: 'gauge',
    scope: 'replica',
    labels: [],
    help: 'Calls that are being answered now; streams of events are not in it',
  },
  guichet_event_streams: { type: 'gauge', scope: 'replica', labels: [], help: 'Streams of events that are open now' },
  guichet_tunnels: {
    type: 'gauge',
    scope: 'replica',
    labels: ['kind'],
    help: 'Connections that go through this replica now: data, and the holds that keep open what they lead to',
  },
  guichet_tunnel_bytes_total: {
    type: 'counter',
    scope: 'replica',
    labels: ['direction'],
    help: 'Bytes that connections have carried: in, from their clients, and out, to them',
  },
  guichet_build_info: {
    type: 'gauge',
    scope: 'replica',
    labels: ['version'],
    help: 'Always 1; the label says which version runs',
  },
  guichet_draining: { type: 'gauge', scope: 'replica', labels: [], help: '1 while the gateway stops and takes no new runs' },
  guichet_db_pool_connections: {
    type: 'gauge',
    scope: 'replica',
    labels: ['state'],
    help: 'Connections to the database, in_use or idle',
  },
  guichet_db_pool_max: { type: 'gauge', scope: 'replica', labels: [], help: 'Most connections that the pool opens: poolSize' },
  guichet_db_pool_waiting: { type: 'gauge', scope: 'replica', labels: [], help: 'Who waits for a connection now' },
  guichet_worker_slots: {
    type: 'gauge',
    scope: 'replica',
    labels: [],
    help: 'Runs that the worker may have at a time; 0 when it is off',
  },
  guichet_runs_running: { type: 'gauge', scope: 'replica', labels: [], help: 'Runs that this replica is running now' },
  guichet_runs_total: {
    type: 'counter',
    scope: 'replica',
    labels: ['action', 'result'],
    help: 'Runs that came to an end here, by action and how: succeeded, failed, cancelled, void, unknown, or queued for another try',
  },
  guichet_run_duration_seconds: {
    type: 'histogram',
    scope: 'replica',
    labels: ['provider', 'result'],
    help: 'Time from the claim of a run to its end',
    buckets: RUN_SECONDS,
  },
  guichet_run_wait_seconds: {
    type: 'histogram',
    scope: 'replica',
    labels: [],
    help: 'Time from when a request could run to its claim',
    buckets: WAIT_SECONDS,
  },
  guichet_provider_up: {
    type: 'gauge',
    scope: 'replica',
    labels: ['provider'],
    help: '1 when the provider answered this replica the last time, else 0',
  },
  guichet_provider_calls_total: {
    type: 'counter',
    scope: 'replica',
    labels: ['provider', 'phase', 'outcome'],
    help: 'Calls of providers, by phase and outcome: ok, or the code of the error',
  },
  guichet_provider_call_duration_seconds: {
    type: 'histogram',
    scope: 'replica',
    labels: ['provider', 'phase'],
    help: 'Time that a call of a provider took, to the end of its answer',
    buckets: RUN_SECONDS,
  },
  guichet_receipts_total: {
    type: 'counter',
    scope: 'replica',
    labels: ['provider', 'verdict'],
    help: 'Ends of runs that providers should have signed, by what their receipt is: verified, missing or refused',
  },
  guichet_database_up: {
    type: 'gauge',
    scope: 'replica',
    labels: [],
    help: '1 when the database answered the last look of this replica, else 0 and all shared metrics are absent',
  },
  guichet_requests: {
    type: 'gauge',
    scope: 'shared',
    labels: ['state'],
    help: 'Requests that have not ended, by state; counted to 10000',
  },
  guichet_requests_oldest_age_seconds: {
    type: 'gauge',
    scope: 'shared',
    labels: ['state'],
    help: 'Age of the oldest request in the state; of a queued one since it could run, of an unknown or running one since its start',
  },
  guichet_reviews_open: { type: 'gauge', scope: 'shared', labels: [], help: 'Broken glasses that nobody has reviewed yet' },
  guichet_outbox_jobs: {
    type: 'gauge',
    scope: 'shared',
    labels: ['queue'],
    help: 'Jobs of the outbox that are due and not done, by queue; counted to 10000',
  },
  guichet_outbox_oldest_age_seconds: {
    type: 'gauge',
    scope: 'shared',
    labels: ['queue'],
    help: 'How long the oldest due job of the outbox has been waiting',
  },
  guichet_audit_sink_lag_seconds: {
    type: 'gauge',
    scope: 'shared',
    labels: ['sink'],
    help: 'Age of the oldest event of the audit log that the sink has not taken; 0 when it has all',
  },
  guichet_audit_sink_failing: {
    type: 'gauge',
    scope: 'shared',
    labels: ['sink'],
    help: '1 while the sink does not take what it is sent, else 0',
  },
  guichet_audit_sealed_events: {
    type: 'gauge',
    scope: 'shared',
    labels: [],
    help: 'Events of the audit log that the last signed head covers',
  },
  guichet_audit_unsealed_events: {
    type: 'gauge',
    scope: 'shared',
    labels: [],
    help: 'Events of the audit log that no signed head covers yet; counted to 10000',
  },
  guichet_audit_publish_lag_seconds: {
    type: 'gauge',
    scope: 'replica',
    labels: ['destination'],
    help: 'How long the replica that seals has had heads of the audit log that a destination was not told; 0 when it was told all',
  },
  guichet_audit_verified_events: {
    type: 'gauge',
    scope: 'replica',
    labels: [],
    help: 'Sealed events of the audit log that this replica has checked since its start, and found in their place',
  },
  guichet_audit_findings: {
    type: 'gauge',
    scope: 'replica',
    labels: [],
    help: 'What this replica has found wrong with the audit log; 0 while it holds',
  },
  guichet_audit_seal_lag_seconds: {
    type: 'gauge',
    scope: 'shared',
    labels: [],
    help: 'Age of the oldest event of the audit log that no signed head covers',
  },
} as const satisfies Readonly<Record<string, MetricKind>>;

export type MetricName = keyof typeof METRICS;
/** What is read from the database, and so is the same at every replica. */
export type SharedMetric = { [Name in MetricName]: (typeof METRICS)[Name]['scope'] extends 'shared' ? Name : never }[MetricName];
