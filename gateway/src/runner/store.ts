import { type Queryable, statement, type Transaction } from '../db/index.ts';
import { type RequestRow, type ResourceKey, ROW } from '../requests/index.ts';

/** Runs wait while the outcome of another one on their resource is unknown, until their start window ends. */
const CLAIMABLE = `r.state = 'queued' and r.run_after <= clock_timestamp() and (r.expires_at <= clock_timestamp()
  or not exists (select from requests u where u.state = 'unknown' and u.environment = r.environment
    and u.resource_type = r.resource_type and u.resource_id = r.resource_id))`;
const NEXT = statement(
  'run-next',
  `select ${ROW} from requests r where ${CLAIMABLE}
   order by r.run_after, r.number limit $1 for update of r skip locked`,
);
const LEASES_OVER = statement(
  'run-leases-over',
  `select number, environment, resource_type as "resourceType", resource_id as "resourceId" from requests
   where state = 'running' and lease_until < clock_timestamp() order by lease_until limit $1`,
);
const LEASE_OVER = statement(
  'run-lease-over',
  `select ${ROW} from requests r where r.number = $1 and r.state = 'running' and r.lease_until < clock_timestamp()
   for update of r skip locked`,
);
const TO_OBSERVE = statement(
  'run-to-observe',
  `with due as (select number from requests where state = 'unknown' and observe_at <= clock_timestamp()
     order by observe_at limit $1 for update skip locked)
   update requests r set observe_at = clock_timestamp() + make_interval(secs => $2), fencing_token = fencing_token + 1
   from due where r.number = due.number returning ${ROW}`,
);
const RENEW_OBSERVATIONS = statement(
  'run-renew-observations',
  `update requests r set observe_at = clock_timestamp() + make_interval(secs => $3)
   from unnest($1::bigint[], $2::bigint[]) as held (number, fencing_token)
   where r.number = held.number and r.fencing_token = held.fencing_token and r.state = 'unknown'`,
);
const RENEW = statement(
  'run-renew',
  `update requests set lease_until = clock_timestamp() + make_interval(secs => $3)
   where number = any ($1::bigint[]) and worker = $2 and state = 'running' returning number, fencing_token as "fencingToken", cancel_requested_at as "cancelRequestedAt"`,
);
const APPEND = statement(
  'run-append',
  `with changed as (update requests set event_count = event_count + cardinality($3::text[])
     where number = $1 and fencing_token = $2 and state = 'running' returning number, event_count)
   insert into request_events (request, number, type, at, data)
   select c.number, c.event_count - cardinality($3::text[]) + t.position, t.type, t.at, t.data::json
   from changed c, unnest($3::text[], $4::text[], $5::timestamptz[]) with ordinality as t (type, data, at, position) returning number`,
);

/** Queued requests, locked; those that another worker is claiming are skipped. */
export const lockNext = (tx: Transaction, limit: number): Promise<RequestRow[]> => tx.queryAhead([NEXT, [limit]]);

/** Running requests whose worker has not renewed its lease, at this moment. */
export const leasesOver = (db: Queryable, limit: number): Promise<(Pick<RequestRow, 'number'> & ResourceKey)[]> =>
  db.query(LEASES_OVER, [limit]);

/** One of them, locked; undefined when it is so no longer, or when somebody else has it in hand. */
export async function lockLost(db: Queryable, number: string): Promise<RequestRow | undefined> {
  return (await db.query<RequestRow>(LEASE_OVER, [number]))[0];
}

/** Unknown requests whose time to be observed has come; each is this caller's alone for `seconds`. */
export const takeUnknown = (db: Queryable, limit: number, seconds: number): Promise<RequestRow[]> =>
  db.query(TO_OBSERVE, [limit, seconds]);

/** Keeps others from observing what this caller observes, for `seconds` more. */
export async function renewObservations(
  db: Queryable,
  held: readonly Pick<RequestRow, 'number' | 'fencingToken'>[],
  seconds: number,
): Promise<void> {
  await db.query(RENEW_OBSERVATIONS, [held.map(({ number }) => number), held.map(({ fencingToken }) => fencingToken), seconds]);
}

export interface Renewed {
  readonly number: string;
  readonly fencingToken: string;
  readonly cancelRequestedAt: Date | null;
}

/** Renews the leases of a worker's runs. A run that is missing in the answer is no longer the worker's. */
export const renewLeases = (
  db: Queryable,
  { numbers, worker, seconds }: { numbers: readonly string[]; worker: string; seconds: number },
): Promise<Renewed[]> => db.query(RENEW, [numbers, worker, seconds]);

export interface Due {
  readonly queued: boolean;
  readonly lost: boolean;
  readonly unknown: boolean;
  /** Answers to the conditions of others, in their order. */
  readonly others: readonly boolean[];
}

/** Asks what is due, of others too, in one statement: an idle gateway costs its database no more than that. */
export function whatIsDue(conditions: readonly string[] = []): (db: Queryable) => Promise<Due> {
  const due = statement(
    'run-due',
    `select exists (select from requests r where ${CLAIMABLE}) as queued,
       exists (select from requests where state = 'running' and lease_until < clock_timestamp()) as lost,
       exists (select from requests where state = 'unknown' and observe_at <= clock_timestamp()) as unknown,
       array[${conditions.join(', ')}]::boolean[] as others`,
  );
  return async (db) => (await db.query<Due>(due))[0] ?? { queued: false, lost: false, unknown: false, others: [] };
}

export interface RunLine {
  readonly type: 'run.log' | 'run.progress';
  readonly at: Date;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Appends what a run says. False when the run is no longer the caller's. */
export async function appendLines(
  db: Queryable,
  { number, fencingToken }: Pick<RequestRow, 'number' | 'fencingToken'>,
  lines: readonly RunLine[],
): Promise<boolean> {
  const values = [lines.map(({ type }) => type), lines.map(({ data }) => JSON.stringify(data)), lines.map(({ at }) => at)];
  return (await db.query(APPEND, [number, fencingToken, ...values])).length > 0;
}
